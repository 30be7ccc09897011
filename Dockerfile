# Both binaries on a small base. `podman build -t fgm:dev .`
FROM docker.io/library/rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist -p fgm-recorder \
 && cargo build --locked --profile dist -p fgm-tui \
 && install -D -t /out target/dist/fgm-recorder target/dist/fgm-tui

FROM docker.io/library/debian:bookworm-slim
COPY --from=build /out/ /usr/local/bin/
VOLUME /data
# PSS of other users' processes needs CAP_SYS_PTRACE, which only root gets from a pod's securityContext.
USER 0
ENTRYPOINT ["/usr/local/bin/fgm-recorder"]
CMD ["-o", "/data"]
