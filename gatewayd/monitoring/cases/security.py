"""Attacks, from the first event on, and certificates."""

from __future__ import annotations

from typing import Final

from gatewayd.monitoring.cases.case import Case, Firing, Moment, fires

CROSSING: Final = (
    "A caller of tenant opera named another tenant",
    "Refused within five minutes: 1 requests with a credential of opera that asked for what is another tenant's.",
)


def violation(job: str) -> Firing:
    """One request that was blocked as smuggling."""
    told = f"{job} blocked an attack: smuggling"
    labels = {"job": job, "violation_type": "smuggling"}
    return Firing(labels, told, "Blocked within five minutes: 1. None of these requests reached a service.")


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group; those of single events begin with the first and outlast it by 15 minutes."""
    blocked = violation(job)
    crossing = Firing({"job": job, "source_tenant": "opera"}, *CROSSING)
    return (
        Case(
            "SecurityViolationDetected: the first event, and for 15 minutes after its window",
            (
                ('security_violations_total{S,violation_type="smuggling"}', "0x2 1x40"),
                ('security_violations_total{S,violation_type="tenant_bypass"}', "0x43"),
            ),
            (
                Moment("SecurityViolationDetected", "2m"),
                *(Moment("SecurityViolationDetected", at, (blocked,)) for at in ("3m", "7m", "12m", "21m")),
                Moment("SecurityViolationDetected", "24m"),
            ),
        ),
        Case(
            "CrossTenantAccessAttempt: the first attempt between two tenants creates its series",
            (('cross_tenant_attempts_total{S,source_tenant="opera",target_tenant="arena"}', "_x3 1x40"),),
            (
                Moment("CrossTenantAccessAttempt", "2m"),
                *(Moment("CrossTenantAccessAttempt", at, (crossing,)) for at in ("3m", "7m", "12m", "21m")),
                Moment("CrossTenantAccessAttempt", "24m"),
            ),
        ),
        Case(
            "CrossTenantAccessAttempt: a further attempt between tenants that are known for it",
            (('cross_tenant_attempts_total{S,source_tenant="opera",target_tenant="arena"}', "7x29 8x20"),),
            (
                Moment("CrossTenantAccessAttempt", "29m"),
                Moment("CrossTenantAccessAttempt", "30m", (crossing,)),
            ),
        ),
        fires(
            "DangerousHeadersFiltered",
            "12 a second of one name",
            [('dangerous_headers_filtered_total{S,header_name="x-tenant-id"}', "0+720x20")],
            silent=("9m",),
            at="10m",
            job=job,
            labels={"header_name": "x-tenant-id"},
            told=(
                "Clients send x-tenant-id 12 times per second",
                "x-tenant-id is the gateway's own to write. For five minutes more than 10 per second have come from"
                " clients, and were removed.",
            ),
        ),
        fires(
            "HighRateLimitViolations",
            "120 a second of several tenants on one route",
            [
                ('rate_limit_exceeded_total{S,endpoint="/search",tenant_id="opera"}', "0+3600x20"),
                ('rate_limit_exceeded_total{S,endpoint="/search",tenant_id="arena"}', "0+3600x20"),
            ],
            silent=("9m",),
            at="10m",
            job=job,
            labels={"endpoint": "/search"},
            told=(
                "120 requests per second to /search exceed their limit",
                "For five minutes more than 100 requests per second to /search have been refused with 429.",
            ),
        ),
        fires(
            "RateLimiterDegraded",
            "decisions without the store",
            [
                ('rate_limit_decisions_total{S,decision="allow"}', "0+600x20"),
                ('rate_limit_decisions_total{S,decision="fail_open"}', "0+30x20"),
            ],
            silent=("2m",),
            at="6m",
            job=job,
            labels={"decision": "fail_open"},
            told=(
                "Rate limits are decided without their store: fail_open",
                "0.5 decisions per second are made without Redis. fail_open lets everything pass, fail_closed refuses"
                " everything that the limit is for.",
            ),
        ),
        fires(
            "TLSCertificateExpiringSoon",
            "14 days are left after ten minutes",
            [('tls_certificate_not_after_timestamp_seconds{S,name="api"}', f"{14 * 86400 + 600}x80")],
            silent=("70m",),
            at="71m",
            job=job,
            labels={"name": "api"},
            told=(
                "The certificate api expires in 13d 22h 59m 0s",
                "It should have been renewed by now: api is good for less than 14 days.",
            ),
        ),
        fires(
            "TLSCertificateExpiryCritical",
            "three days are left after ten minutes",
            [
                ('tls_certificate_not_after_timestamp_seconds{S,instance="a:9464",name="api"}', "259800x40"),
                ('tls_certificate_not_after_timestamp_seconds{S,instance="b:9464",name="api"}', "9999999x40"),
            ],
            silent=("25m",),
            at="26m",
            job=job,
            labels={"name": "api"},
            told=(
                "The certificate api expires in 2d 23h 44m 0s",
                "In less than three days clients refuse to connect to what api serves.",
            ),
        ),
    )
