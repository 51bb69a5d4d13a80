# The command ciokit alone, as a user without rights:
#   docker build --build-arg COMMIT="$(git rev-parse --short=12 HEAD)" -t ciokit .
#   docker run --rm -p 127.0.0.1:8110:8110 ciokit emulate --addr 0.0.0.0:8110
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" -e CUSTOMERIO_API_KEY ciokit load people.csv --mapping people.yaml --to eu --yes
# Journals and snapshots are in /data/.local/state: keep the directory, so that a load can be resumed.
FROM golang:1.26-bookworm AS build
ARG COMMIT=
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X main.commit=$COMMIT" -o /out/ciokit ./kit/cmd/ciokit
RUN mkdir -p /out/etc/ssl/certs /out/usr/share /out/data \
	&& mkdir -m 1777 /out/tmp \
	&& chown 65532:65532 /out/data \
	&& cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
	&& cp -r /usr/share/zoneinfo /out/usr/share/

FROM scratch
COPY --from=build /out/ /
ENV HOME=/data
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["/ciokit"]
CMD ["--help"]
