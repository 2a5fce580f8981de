// How a program calls this very page: examples that run as they stand.

// Examples for an address and a model: [{name, code}].
export function snippets(address, model, mcp) {
  const python = `from gradio_client import Client

app = Client("${address}")
two = app.predict(count=2, model="${model}",
                  api_name="/sample")
who, motion = two["clips"]
new = app.predict(who, motion, picture="webm",
                  model="${model}", api_name="/swap")
print(new["picture"][:60])  # a data address: a video`;
  const curl = `URL=${address}/gradio_api/call/v2/sample
ID=$(curl -s $URL -H 'Content-Type: application/json' \\
  -d '{"count": 2, "model": "${model}"}' | cut -d '"' -f 4)
curl -s $URL/$ID`;
  const config = { mcpServers: { "rwae-studio": { url: `${address}/gradio_api/mcp/` } } };
  const protocol = mcp
    ? JSON.stringify(config, null, 2)
    : "# This page was started without it:\npip install 'gradio[mcp]'\npython app.py --mcp";
  return [
    { name: "Python", code: python },
    { name: "Shell", code: curl },
    { name: "MCP", code: protocol },
  ];
}
