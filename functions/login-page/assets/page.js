import "./mfa-client.js";
