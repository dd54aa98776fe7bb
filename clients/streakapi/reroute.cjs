"use strict";
// The Node.js client `streakapi` knows one host. Loaded before it, this sends what it asks of api.streak.com to your
// server; the client itself stays as it was published:
//   BOXWOOD_URL=https://crm.example.com node --require ./reroute.cjs program.js

const http = require("node:http");
const https = require("node:https");

const server = new URL(process.env.BOXWOOD_URL);
const request = https.request;

https.request = (options, answered) => {
  if (!options || options.host !== "api.streak.com") return request(options, answered);
  const { hostname, port } = server;
  const send = server.protocol === "http:" ? http.request : request;
  return send({ ...options, host: hostname, hostname, ...(port ? { port } : {}) }, answered);
};
