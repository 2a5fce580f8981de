// The worker that decodes; see decodeservice.js.

import { DecodeService } from "./decodeservice.js";

const service = new DecodeService((message, transferred) => postMessage(message, transferred));
addEventListener("message", ({ data }) => service.receive(data));
