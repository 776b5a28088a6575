# Copyright: tenantlink.stackone contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose certificates are trusted, where several places name some."""

from __future__ import annotations

import ssl

import pytest
import trustme

from ansible_collections.tenantlink.stackone.plugins.module_utils._http import certificates as _certificates
from ansible_collections.tenantlink.stackone.plugins.module_utils._http.certificates import tls_context

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """A file for each name, with one authority in it."""
    folder = tmp_path_factory.mktemp("authorities")
    made = {}
    for name in ("declared", *VARIABLES, "requests"):
        authority = trustme.CA(organization_name=name)
        made[name] = str(folder / f"{name}.pem")
        authority.cert_pem.write_to_path(made[name])
    return made


def trusted(ca_path=None):
    """The organizations whose certificates are trusted, as far as they are known before a connection is made."""
    context = tls_context(True, ca_path, None, None)
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    subjects = [dict(part for group in found["subject"] for part in group) for found in context.get_ca_certs()]
    return {subject.get("organizationName") for subject in subjects}


@pytest.mark.parametrize(
    ("given", "declared", "trusts"),
    [
        (VARIABLES, True, "declared"),
        (VARIABLES, False, "REQUESTS_CA_BUNDLE"),
        (VARIABLES[1:], False, "CURL_CA_BUNDLE"),
        (VARIABLES[2:3], False, "SSL_CERT_FILE"),
    ],
)
def test_the_first_place_that_names_some_counts_alone(environment, authorities, given, declared, trusts):
    for name in given:
        environment.setenv(name, authorities[name])
    assert trusted(authorities["declared"] if declared else None) == {trusts}


def test_else_the_systems_authorities_and_those_of_requests(environment, authorities):
    environment.setattr(_certificates.requests.utils, "DEFAULT_CA_BUNDLE_PATH", authorities["requests"])
    loaded = []
    real = ssl.SSLContext.load_default_certs
    environment.setattr(
        ssl.SSLContext, "load_default_certs", lambda context, *how: (loaded.append(context), real(context, *how))[1]
    )
    assert "requests" in trusted()
    assert loaded


def test_an_empty_variable_names_nothing(environment, authorities):
    environment.setenv("REQUESTS_CA_BUNDLE", "")
    environment.setenv("CURL_CA_BUNDLE", authorities["CURL_CA_BUNDLE"])
    assert trusted() == {"CURL_CA_BUNDLE"}


@pytest.mark.parametrize("variable", [None, "REQUESTS_CA_BUNDLE"])
def test_a_folder_will_do(environment, tmp_path, variable):
    """OpenSSL looks into it when it meets a certificate."""
    made = []
    real = ssl.create_default_context
    environment.setattr(ssl, "create_default_context", lambda **how: (made.append(how), real(**how))[1])
    if variable:
        environment.setenv(variable, str(tmp_path))
    assert trusted(None if variable else str(tmp_path)) == set()
    assert made == [{"cafile": None, "capath": str(tmp_path)}]


def test_a_file_that_is_missing_is_told(environment):
    environment.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(OSError):
        trusted()


def test_unchecked_certificates_need_no_authorities(environment):
    environment.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    context = tls_context(False, None, None, None)
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)
