# The conformance report of one base image's libssl:
#   docker build -t sslconform . && docker run --rm sslconform
# Of another one's: docker build --build-arg BASE=debian:trixie …
# Built in that image, so that the headers and the libssl reported on belong together.
ARG BASE=debian:bookworm
ARG GO_IMAGE=golang:1.26-bookworm

FROM ${GO_IMAGE} AS go

FROM ${BASE} AS build
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev libssl-dev pkg-config
COPY --from=go /usr/local/go /usr/local/go
ENV PATH=/usr/local/go/bin:$PATH
WORKDIR /src
COPY . .
RUN go build -trimpath -ldflags=-s -o /sslconform ./cmd/sslconform

FROM ${BASE}
# openssl brings the release's libssl, whose own package has another name in each.
RUN apt-get update && \
    apt-get install -y --no-install-recommends openssl && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /sslconform /usr/local/bin/sslconform
USER nobody
ENTRYPOINT ["sslconform"]
CMD ["run"]
