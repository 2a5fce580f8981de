"""The endpoints as tools for language models, by the Model Context Protocol.

Gradio makes a tool of each endpoint. It answers with the text of a Python object, in which a
picture is thousands of characters of base64, and tells people who misspell an argument to look
at a page. Here an answer is JSON, and a picture is a block of its own that a language model can
look at. A wrong call gets the sentence that it gets over HTTP.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from gradio import mcp as gradio_mcp
from mcp import types
from mcp.server import Server

from rwae.ui.api import call_complaint

FILE_KEYS = ("picture", "sheet", "file")  # of an answer, where it has a data URL


def offer() -> None:
    """Has Gradio offer the endpoints in this way, when it is asked to at the launch."""
    gradio_mcp.GradioMCPServer = ToolServer  # type: ignore[misc]
    # The package would log what visitors sent, such as the name of a tool.
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)


class ToolServer(gradio_mcp.GradioMCPServer):
    """Gradio's server with answers and complaints that language models can read."""

    @staticmethod
    def Server(title: str) -> Any:  # noqa: N802 - the name by which Gradio makes one
        """A server that passes on calls as they are: this class and the endpoints check them."""
        server: Any = Server(title)
        register = server.call_tool
        server.call_tool = lambda: register(validate_input=False)
        return server

    def _prepare_tool_call_args(self, name: str, arguments: dict[str, Any]) -> Any:
        endpoint = self.tool_to_endpoint.get(name, f"/{name}")
        complaint = call_complaint(f"v2{endpoint}", json.dumps(arguments).encode())
        if complaint is not None:
            raise ValueError(complaint)
        return super()._prepare_tool_call_args(name, arguments)

    def postprocess_output_data(self, data: Any, root_url: str) -> Any:  # noqa: ARG002
        """The blocks of an answer, see `answer_blocks`."""
        return [block for answer in data for block in answer_blocks(answer)]


def answer_blocks(answer: Any) -> list[Any]:
    """The blocks of an answer: JSON as text, and after it each picture or file.

    Args:
        answer: of an endpoint. In the JSON, its media type stands for it.
    """
    facts, files = answer, []
    if isinstance(answer, dict):
        facts = dict(answer)
        for key in FILE_KEYS:
            value = answer.get(key)
            if isinstance(value, str) and value.startswith("data:"):
                head, _, data = value.partition(",")
                facts[key] = head.removeprefix("data:").partition(";")[0]
                files.append(_file_block(facts[key], data))
    return [types.TextContent(type="text", text=json.dumps(facts)), *files]


def _file_block(media_type: str, data: str) -> Any:
    """A picture, or any other file, such as a video, as a resource; `data` is base64."""
    if media_type.startswith("image/"):
        return types.ImageContent(type="image", data=data, mimeType=media_type)
    name: Any = f"clip:file.{media_type.partition('/')[2]}"
    content = types.BlobResourceContents(uri=name, mimeType=media_type, blob=data)
    return types.EmbeddedResource(type="resource", resource=content)
