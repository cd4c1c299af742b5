"""Reads the product's template as CloudFormation sees it: every Fn::ForEach expanded, and the nested stacks in place.

CloudFormation expands it before SAM does, and the SAM translator cannot: cfn-lint has the expander. A nested stack's
resources become the template's own, so that one document describes all that is deployed. The emulator has no nested stacks.
"""

import json
from copy import deepcopy
from pathlib import Path

from cfnlint.decode import cfn_yaml
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension

LANGUAGE_EXTENSIONS, SAM = "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"


def read(path):
    """The template at `path`, with its nested stacks, ready for the SAM translator."""
    template = _expanded(path)
    assert template["Transform"] == [LANGUAGE_EXTENSIONS, SAM], template["Transform"]
    for name in resources(template, "AWS::Serverless::Application"):
        nested = template["Resources"].pop(name)
        template = _with_stack(template, name, nested["Properties"], Path(path).parent)
    return template | {"Transform": SAM}


def resources(template, kind):
    """The resources of a kind, by name."""
    found = template["Resources"].items()
    return {name: resource for name, resource in found if not name.startswith("Fn::") and resource["Type"] == kind}


def _expanded(path):
    path = str(Path(path))
    written = cfn_yaml.load(path)
    template = Template(path, deepcopy(written))
    if "Transform" not in template.template:
        return json.loads(json.dumps(written))
    faults, expanded = language_extension(template)
    assert not faults, faults
    # What SAM looks up for itself, by the value of a parameter: cfn-lint looks up any value.
    for name, resource in resources(written, "AWS::Serverless::Function").items():
        if "DeploymentPreference" in resource["Properties"]:
            expanded["Resources"][name]["Properties"]["DeploymentPreference"] = resource["Properties"]["DeploymentPreference"]
    # Conditions as they are written, because cfn-lint reorders the sides of an Fn::Equals. JSON drops the positions
    # in the file that cfn-lint keeps with each node.
    return json.loads(json.dumps(expanded | {"Conditions": written["Conditions"]}))


def _with_stack(template, name, properties, folder):
    """The template with the resources of the nested stack `name`, and its outputs instead of references to them."""
    nested = _expanded(folder / properties["Location"])
    given = properties["Parameters"]
    assert given.keys() <= nested["Parameters"].keys(), given.keys() - nested["Parameters"].keys()
    values = {key: given[key] if key in given else declared["Default"] for key, declared in nested["Parameters"].items()}
    nested = _substituted(nested, values)
    for condition, test in list(nested.get("Conditions", {}).items()):
        if test.keys() == {"Condition"}:
            del nested["Conditions"][condition]
            nested = _renamed(nested, condition, test["Condition"])
    outputs = {key: output["Value"] for key, output in nested.get("Outputs", {}).items()}
    template = _resolved(template, name, outputs)
    for part in ("Resources", "Conditions", "Mappings"):
        ours, theirs = template.get(part, {}), nested.get(part, {})
        assert not ours.keys() & theirs.keys(), ours.keys() & theirs.keys()
        template |= {part: ours | theirs}
    return template


def _substituted(part, values):
    """`part` with `values` instead of references to parameters."""
    match part:
        case {"Fn::Equals": [{"Ref": name}, "yes"]} if "Fn::If" in values.get(name, ()):
            return {"Condition": values[name]["Fn::If"][0]}  # a parameter that passes a condition on
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::Sub": str(text)}:
            used = {name: value for name, value in values.items() if f"${{{name}}}" in text}
            return {"Fn::Sub": [text, used]} if used else part
        case dict():
            return {name: _substituted(inner, values) for name, inner in part.items()}
        case list():
            return [_substituted(inner, values) for inner in part]
    return part


def _renamed(part, condition, name):
    """`part` with another name for a condition."""
    match part:
        case {"Fn::If": [str(of), *branches]} if of == condition:
            return {"Fn::If": [name, *_renamed(branches, condition, name)]}
        case dict():
            return {
                key: name if (key, inner) == ("Condition", condition) else _renamed(inner, condition, name)
                for key, inner in part.items()
            }
        case list():
            return [_renamed(inner, condition, name) for inner in part]
    return part


def _resolved(part, stack, outputs):
    """`part` with the nested stack's outputs instead of references to them."""
    match part:
        case {"Fn::GetAtt": [str(name), str(output)]} if name == stack:
            return outputs[output.removeprefix("Outputs.")]
        case {"Fn::GetAtt": str(name)} if name.startswith(f"{stack}.Outputs."):
            return outputs[name.removeprefix(f"{stack}.Outputs.")]
        case dict():
            return {name: _resolved(inner, stack, outputs) for name, inner in part.items()}
        case list():
            return [_resolved(inner, stack, outputs) for inner in part]
    return part
