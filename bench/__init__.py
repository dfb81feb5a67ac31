"""The measurements the README quotes, peers beside ours."""
