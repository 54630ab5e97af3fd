"""What is measured: each benchmark compares with a peer, a limit or a promise in one run."""
