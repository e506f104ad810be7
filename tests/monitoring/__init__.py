"""What watches the gateway is right: rules, alerts, routes, the dashboard, runbooks and examples."""
