"use strict";
// The client knows one host and HTTPS alone. Loaded before it, this sends what it asks of that host
// to the server under test; the client itself stays as it was published.

const http = require("node:http");
const https = require("node:https");

const server = new URL(process.env.BOXWOOD_URL);

https.request = (options, answered) => {
  if (options.host !== "api.streak.com") throw new Error(`unexpected host: ${options.host}`);
  return http.request({ ...options, host: server.hostname, port: server.port }, answered);
};
