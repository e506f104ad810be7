"""A configuration that says everything there is to say about callers, and the files it needs."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SECRET = "correct-horse-battery-staple-0001"
HASH = "1f" * 32
SERVICE = "services: {pay: {targets: ['http://127.0.0.1:9005']}}\n"
OPEN = "routes: [{path: /r, service: pay, auth: public}]\n"
AUTHENTICATED = (
    f"authentication: {{issuers: {{own: {{algorithms: [HS256], keys: [{{algorithm: HS256, secret: {SECRET}}}]}}}}}}\n"
)


def write_keys(folder: Path) -> None:
    """`public.pem`, `private.pem` and `junk.pem` in `folder`, and files with secrets."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(public)
    (folder / "private.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "junk.pem").write_text("no key at all")
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "short").write_text("short\n")
    (folder / "secrets").write_text("whsec-one-0123456789\n\nwhsec-two-0123456789\n")


def identified(folder: Path) -> str:
    """A configuration with every key about callers; `folder` has the files of `write_keys`."""
    return f"""
listeners:
  - {{network: {{allow: [10.0.0.0/8], deny: [10.1.0.0/16]}}, proxy_protocol: v2, proxy_protocol_from: [10.9.0.1, unix]}}
redis:
  username: gw
  password_file: secret
  database: 3
  prefix: "edge:"
  tls: {{ca_file: /etc/ssl/redis.pem, server_name: redis.internal}}
  sentinel: {{master: main, addresses: [10.0.0.1, "10.0.0.2:7000"], password: hush}}
  connections: 2
  timeout: 20ms
  waiters: 10
  connect_timeout: 1s
authentication:
  realm: shop
  cookie: session
  cache: {{tokens: 10, refused: 5, refused_for: 3s}}
  strip_credentials: true
  issuers:
    platform:
      issuer: "https://id.example.org"
      audiences: [api, api, web]
      algorithms: [RS256, ES256]
      jwks: {{url: "https://id.example.org/keys", least: 30s, most: 10m, cooldown: 5s, timeout: 1s,
             ca_file: /etc/ssl/id.pem, rsa_algorithms: [RS256, PS256]}}
      leeway: 5s
      longest_life: 1h
      types: [at+jwt]
      required: {{type: access, level: [1, 2], jti: "*"}}
      claims: {{subject: uid, tenant: org.id, roles: realm.roles, scopes: scp}}
    own:
      audiences: any
      types: any
      algorithms: [HS256, EdDSA]
      keys:
        - {{file: {folder}/public.pem, algorithm: EdDSA, id: k1}}
        - {{secret_file: secret, algorithm: HS256}}
  api_keys:
    header: X-Key
    pepper_file: secret
    keys:
      - {{id: abcdefghijklm, hash: "{HASH}", tenant: acme, user: robot 1, roles: [staff], scopes: ["door:open"],
          expires: 2027-01-31T12:00:00+01:00, limits: {{mine: 5/1m}}}}
    file: /etc/gatewayd/keys.yaml
    redis: true
  introspection: {{url: "http://127.0.0.1:8081/introspect", client_id: gw, client_secret: hush, cache: 5s,
                  refused_for: 1s, at_once: 3, timeout: 500ms, claims: {{subject: username}}}}
  revocations: {{most: 10, redis: true, every: 1s}}
authorization:
  roles: {{admin: ["*"], staff: ["door:*", "list:read"]}}
  policies: {{hours: "json:loads"}}
  policy_timeout: 20ms
rate_limits: {{mine: {{limit: 1/1m, key: [tenant]}}}}
tenants:
  table:
    acme: {{plan: gold, status: suspended, hosts: [Acme.example.org, "*.acme.example"], routes: [a],
           limits: {{mine: 9/1s}}, overrides: {{y: true}}, allow: [192.0.2.0/24], deny: [192.0.2.7]}}
    rival: {{}}
  file: /etc/gatewayd/tenants.yaml
  unknown: allow
  foreign: 403
  admin_permission: tenants:any
identity_headers: {{tenant: X-Org, user: off, roles: X-Roles, scopes: X-Scopes,
                   proof: {{kind: jwt, secret_file: secret, algorithm: HS256, life: 10s, audience: shop}}}}
guarded_headers: {{add: [X-Corp-*, X-Seat], allow: [x-venue-id]}}
security_headers: {{hsts: 365d, hsts_subdomains: true, hsts_preload: true, nosniff: true, frame_options: DENY,
                   content_security_policy: "default-src 'self'", referrer_policy: same-origin, strip: [Server]}}
cors: {{origins: ["https://app.example.org", "https://*.example.org"], methods: [GET, PUT], headers: [X-A, "*"],
       expose: [X-B], credentials: true, max_age: 10m}}
{SERVICE}
routes:
  - path: /a/{{org}}/**
    name: a
    service: pay
    auth: {{mode: required, methods: [jwt], issuers: [platform]}}
    authorize:
      permissions: ["door:open"]
      any_permission: ["list:read", "list:write"]
      roles: [staff]
      scopes: [openid]
      claims: [{{path: mfa, equals: true}}, {{path: level, one_of: [1, 2]}}, {{path: groups, contains: vip}},
               {{path: device.id, exists: true}}]
      policy: hours
    tenant: {{path: org, query: org, header: X-Which, host: true, foreign: 404, admin_bypass: true}}
    network: {{deny: [203.0.113.0/24]}}
    csrf: {{trusted: ["https://app.example.org"]}}
    cors: {{origins: ["*"]}}
    security_headers: {{nosniff: false}}
  - {{path: /hook, service: pay, auth: public, cors: off, security_headers: off,
      webhook: {{form: plain, secrets_file: secrets}}}}
  - {{path: /timed, service: pay, auth: optional, csrf: true, tenant: {{host: "*.Example.org"}},
      webhook: {{header: X-Signed, secrets: [hush-hush-hush-hush, "hush,too-hush,too"], tolerance: 1m}}}}
  - {{path: /rest, service: pay, csrf: false}}
"""
