"""What the tests share: real servers as processes, a recording upstream, sites on disk, raw HTTP, real clients."""
