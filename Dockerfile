# The conformance report of one base image's libssl:
#   docker build -t sslconform . && docker run --rm sslconform
# Of another one's: docker build --build-arg BASE=debian:trixie …
# Built in that image, so that the headers and the libssl reported on belong together. Where the libssl wanted is not
# in the base's own suite, SUITE names the one that apt takes it from.
ARG BASE=debian:bookworm
ARG SUITE=
ARG GO_IMAGE=golang:1.26-bookworm

FROM ${GO_IMAGE} AS go

FROM ${BASE} AS build
ARG SUITE
RUN apt-get update && \
    apt-get install -y --no-install-recommends ${SUITE:+-t $SUITE} \
        ca-certificates gcc libc6-dev libssl-dev pkg-config
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH
WORKDIR /src
COPY . .
RUN go build -trimpath -ldflags=-s -o /sslconform ./cmd/sslconform

FROM ${BASE}
ARG SUITE
# openssl brings the release's libssl, whose own package has another name in each.
RUN apt-get update && \
    apt-get install -y --no-install-recommends ${SUITE:+-t $SUITE} openssl && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /sslconform /usr/local/bin/sslconform
USER nobody
ENTRYPOINT ["sslconform"]
CMD ["run"]
