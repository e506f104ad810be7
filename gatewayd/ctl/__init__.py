"""`gatewayctl`: what operators ask and tell a gateway from a shell."""
