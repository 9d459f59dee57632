# A relay in a container: all that it keeps is in one volume, /data. How to run
# it: doc/container.md. Built from the folder of the sources, as
#   docker build -t chatmail .
FROM debian:12-slim AS build
COPY . /src
WORKDIR /src
RUN scripts/initenv.sh && mv "$(scripts/build-deb build)" /chatmail.deb

FROM debian:12-slim
# Those who own what is in the volume have the same numbers in each image.
RUN groupadd -r -g 310 postdrop && \
    for user in 311:vmail:/home/vmail 312:filtermail:/nonexistent \
      313:echobot:/nonexistent 314:postfix:/var/spool/postfix \
      315:opendkim:/run/opendkim; do \
      id=${user%%:*} && user=${user#*:} && name=${user%%:*} && \
      groupadd -r -g "$id" "$name" && \
      useradd -r -M -N -u "$id" -g "$id" -d "${user#*:}" \
        -s /usr/sbin/nologin "$name" || exit; \
    done
# What a relay needs, and what some settings ask for: coturn, mtail, restic.
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes \
      --no-install-recommends acmetool ca-certificates coturn dns-root-data \
      dovecot-core dovecot-imapd dovecot-lmtpd fcgiwrap libnginx-mod-mail \
      libnginx-mod-stream mtail nginx opendkim openssl postfix restic runit \
      unbound && \
    rm -rf /var/lib/apt/lists/*
COPY --from=build /chatmail.deb /tmp/chatmail.deb
RUN apt-get update && \
    apt-get install --yes --no-install-recommends /tmp/chatmail.deb && \
    rm -rf /var/lib/apt/lists/* /tmp/chatmail.deb
# Places of a server that outlive the container are in the volume.
RUN for place in /etc/chatmail /etc/dkimkeys /home/vmail /var/lib/acme \
      /var/lib/chatmail /var/spool/postfix; do \
      rm -rf "$place" && ln -s "/data$place" "$place" || exit; \
    done
COPY scripts/container /usr/local/sbin/container
VOLUME /data
EXPOSE 25 80 143 443 465 587 993
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/sbin/container"]
