"""Reads the product's template as CloudFormation sees it, with every Fn::ForEach expanded.

CloudFormation expands it before SAM does, and the SAM translator cannot: cfn-lint has the expander.
"""

import json
from copy import deepcopy
from pathlib import Path

from cfnlint.decode import cfn_yaml
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension

LANGUAGE_EXTENSIONS, SAM = "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"


def read(path):
    """The template at `path`, ready for the SAM translator."""
    path = str(Path(path))
    written = cfn_yaml.load(path)
    template = Template(path, deepcopy(written))
    assert template.template["Transform"] == [LANGUAGE_EXTENSIONS, SAM], template.template["Transform"]
    faults, expanded = language_extension(template)
    assert not faults, faults
    # Conditions as they are written, because cfn-lint reorders the sides of an Fn::Equals. JSON drops the positions
    # in the file that cfn-lint keeps with each node.
    return json.loads(json.dumps(expanded | {"Conditions": written["Conditions"], "Transform": SAM}))


def resources(template, kind):
    """The resources of a kind, by name."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}
