"""OpenTelemetry traces, exported over OTLP/HTTP as the standard ``OTEL_*`` variables say."""

from functools import cache

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from temporalio.contrib.opentelemetry import create_tracer_provider


@cache
def install_tracer() -> None:
    """Make the process-wide tracer one that knows about replays, once."""
    provider = create_tracer_provider(resource=Resource.create({SERVICE_NAME: "maestro"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
