# `just` lists what there is.
default:
    @just --list

# Record this host and watch it.
live:
    cargo run --release -p fgm-tui -- --live

# Record this host into ./collected-metrics until Ctrl-C.
record *FLAGS:
    cargo run --release -p fgm-recorder -- {{FLAGS}}

# The tests.
test:
    cargo test --workspace

# Everything that must hold before a change lands.
ci:
    .ci/run

# What a tick costs the store.
bench:
    cargo bench -p fgm

# Both binaries, small.
dist:
    cargo build --profile dist -p fgm-recorder
    cargo build --profile dist -p fgm-tui

# The container image.
image TAG="fgm:dev":
    podman build -t {{TAG}} .
