# R-WAE Studio in a container, as nobody. To build it, and to run it with a disk that it cannot
# write to, but for a folder in memory:
#
#   docker build -t rwae-studio .
#   docker run --read-only --tmpfs /tmp:size=256m --cap-drop ALL --security-opt no-new-privileges \
#     --memory 3g --publish 127.0.0.1:7860:7860 rwae-studio
#
# tests/ui/test_app_start.py starts the app in this way without a container.
FROM python:3.12-slim
WORKDIR /app
COPY requirements.lock constraints.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock \
    && pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu \
       --extra-index-url https://pypi.org/simple -c constraints.txt torch
COPY app.py ./
COPY rwae rwae
COPY checkpoints checkpoints
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 HOME=/nonexistent PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
EXPOSE 7860
HEALTHCHECK --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/readyz', timeout=20)"]
CMD ["python", "app.py"]
