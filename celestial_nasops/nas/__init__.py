"""Access to the NAS over one SSH connection: find it, log in, run commands there, handle files there."""
