"""What a person runs: up, down, preview, drift, health, env, test."""
