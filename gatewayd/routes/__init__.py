"""The route tree: `RouteTree` (see `gatewayd.routes.tree`) finds the route that takes a request."""
