# For trying things out: small, and may be deleted (README.md says how).
environment         = "dev"
deletion_protection = false
nodes               = { min = 1, max = 3 }
sinks               = { min = 1, max = 4 }
