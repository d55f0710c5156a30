"""One file per command or group of commands: options in, one call, an answer for people or as JSON, an exit code."""
