"""The systemd units of this project, made from the templates in ``systemd/`` and a configuration."""
