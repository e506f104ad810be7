"""From files to positioned values: YAML, the environment, secrets, `conf.d`."""
