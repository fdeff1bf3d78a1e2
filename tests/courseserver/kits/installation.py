"""A private installation of broker, bridge and agent as processes, for tests."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.services import free_port
from tests.shell import Shell

ROOT = Path(__file__).resolve().parents[3]
# How long a process may take to say goodbye before it is killed.
STOP_S = 60.0


def write_certificates(folder: Path) -> None:
    """Write a private CA (`ca.pem`) and a certificate of 127.0.0.1 (`server.pem`, `server.key`)."""
    ca_key, ca = _certificate("Test CA", None, None)
    key, server = _certificate("127.0.0.1", ca_key, ca)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(server.public_bytes(pem))
    (folder / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _certificate(
    name: str, issuer_key: ec.EllipticCurvePrivateKey | None, issuer: x509.Certificate | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        address = x509.IPAddress(ip_address(name))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return key, builder.sign(issuer_key or key, hashes.SHA256())


@dataclass
class Installation:
    """Processes with their own folder, database and broker port."""

    var: Path
    mosquitto: bool
    tls: bool = False
    rehearses: bool = False
    port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.var / "courseserver.sqlite3"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def environment(self) -> dict[str, str]:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("DEVICE_AGENT_")}
        return plain | {
            "COURSESERVER_VAR": str(self.var),
            "MQTT_URL": f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}",
            "MQTT_CA_FILE": str(self.var / "ca.pem") if self.tls else "",
            "DJANGO_SETTINGS_MODULE": "courseserver.settings",
            "PUBLIC_URL": self.url,
            "DEVICE_AGENT_REHEARSAL": "1" if self.rehearses else "",
            "DEVICE_AGENT_SPOOL": str(self.var / "kit" / "spool.sqlite3"),
        }

    @cached_property
    def shell(self) -> Shell:
        return Shell(self.environment, self.var)

    def manage(self, *arguments: str) -> None:
        self.shell.manage(*arguments)

    def ask(self, code: str) -> Any:
        """Run code in a Django process of this installation; it assigns `answer`."""
        return self.shell.ask(code)

    def prepare(self, migrated: Path | None = None) -> None:
        """Make or copy the database, one kit with its settings file, and Mosquitto's files."""
        if migrated:
            shutil.copytree(migrated, self.var, dirs_exist_ok=True)
        else:
            self.manage("migrate", "-v0")
        if self.tls:
            write_certificates(self.var)
        self.manage("kit_enrol", "--name", "bench", "--write", str(self.var / "kit" / "agent.toml"))
        if self.mosquitto:
            self.manage("mqtt_credentials", "--folder", str(self.var))
            (self.var / "mosquitto.conf").write_text(
                f"listener {self.port} 127.0.0.1\nallow_anonymous false\n"
                f"password_file {self.var}/passwords\nacl_file {self.var}/acl\n"
                # Started by root it would become another user, who cannot read pytest's folders.
                f"user {getpass.getuser()}\n"
                f"persistence true\npersistence_location {self.var}/\n"
                f"pid_file {self.var}/mosquitto.pid\n" + self._tls_lines()
            )

    def _tls_lines(self) -> str:
        if not self.tls:
            return ""
        certificates = (("certfile", "server.pem"), ("keyfile", "server.key"))
        return "".join(f"{name} {self.var}/{file}\n" for name, file in certificates)

    def start(self, name: str) -> None:
        log = (self.var / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            self._command(name), cwd=ROOT, env=self.environment, stdout=log, stderr=log
        )

    def _command(self, name: str) -> list[str]:
        manage = [sys.executable, "manage.py"]
        if name == "agent":
            settings = str(self.var / "kit" / "agent.toml")
            return [sys.executable, "-m", "device_agent", "run", "--config", settings]
        if name == "bridge":
            return [*manage, "mqtt_bridge"]
        if name == "web":
            granian = [sys.executable, "-m", "granian", "--interface", "wsgi"]
            where = ["--host", "127.0.0.1", "--port", str(self.web_port)]
            return [*granian, *where, "--blocking-threads", "2", "courseserver.wsgi:application"]
        if self.mosquitto:
            program = shutil.which("mosquitto", path=f"/usr/sbin:{os.environ['PATH']}")
            return [program or "mosquitto", "-c", str(self.var / "mosquitto.conf")]
        return [*manage, "mqtt_broker"]

    def kill(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes.pop(name).wait()

    def stop(self) -> None:
        self.shell.stop()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
