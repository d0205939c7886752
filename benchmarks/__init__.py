"""The figures the README claims, each beside a floor or a peer in the same run."""
