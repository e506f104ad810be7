"""Packaging metadata of gatewayd; tool settings live in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="gatewayd",
    version="0.1.0",
    description="An API gateway for teams who live in Python: one Twisted daemon in front of your HTTP services",
    long_description=Path(__file__).with_name("README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=[*find_packages(include=["gatewayd", "gatewayd.*"]), "twisted.plugins"],
    package_data={"gatewayd": ["py.typed"], "gatewayd.demo": ["*.yaml"], "gatewayd.monitoring": ["templates/**/*"]},
    entry_points={"console_scripts": ["gatewayctl = gatewayd.ctl.main:main"]},
    install_requires=[
        "twisted[tls,websocket]>=26.10.0",  # websocket: the demo's echo service
        "treq>=26.7.0",
        "txredisapi>=1.6.0",
        "prometheus-client>=0.26.0",
        "opentelemetry-sdk>=1.45",
        "opentelemetry-exporter-otlp>=1.45",
        "pyjwt[crypto]>=2.15",
        "service-identity>=24.2",
        "uvloop>=0.23",
        "PyYAML>=6.0.3",
        "pydantic>=2.12",
        "orjson>=3.11",
    ],
    extras_require={
        "test": [
            "pytest>=9",
            "pytest-twisted>=1.14.3",
            "hypothesis>=6.140",
            "httptools>=0.9",  # an independent judge of request heads (tests/http)
        ],
        "check": ["ruff>=0.17", "mypy>=2.4", "mypy-zope>=1.0.17", "import-linter>=2.5", "types-PyYAML"],
    },
    # An editable install in the default mode would hide twisted/plugins from twistd in other folders.
    options={"editable_wheel": {"mode": "compat"}},
    zip_safe=False,
)
