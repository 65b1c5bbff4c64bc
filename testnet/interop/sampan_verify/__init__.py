"""A second implementation of Sampan's verifier, written from `proto/SPEC.md`.

It reads a bundle and a genesis file and climbs the ladder of SPEC section 6. It shares no code with the Rust
implementation; that is its worth.
"""
