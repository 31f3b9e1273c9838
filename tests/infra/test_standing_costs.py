"""docs/cost.md counts what stands in the templates, and its sums add up."""

import re

from tests.infra.conftest import Deployment
from tests.support.markdown import document, table_rows

PAGE = document("docs/cost.md")
KINDS = {
    "customer-managed KMS key": "AWS::KMS::Key",
    "secret": "AWS::SecretsManager::Secret",
    "alarm": "AWS::CloudWatch::Alarm",
    "dashboard": "AWS::CloudWatch::Dashboard",
}


def should_count_what_costs_something_while_nothing_happens(coded: Deployment) -> None:
    rows = table_rows(PAGE.section("A month of standing still"))
    alone_in_all = both_in_all = 0.0
    for (name, alone, service, *prices), kind in zip(rows, KINDS, strict=True):
        assert name.startswith(kind)
        assert int(alone) == len(coded.resources(KINDS[kind], "Pipeline")), name
        assert int(service) == len(coded.resources(KINDS[kind], "CodingService")), name
        each, of_one, of_both = (float(price.strip("$")) for price in prices)
        assert of_one == round(int(alone) * each, 2), name
        assert of_both == round((int(alone) + int(service)) * each, 2), name
        alone_in_all, both_in_all = alone_in_all + of_one, both_in_all + of_both
    said = re.findall(r"\$(\d+\.\d\d) a month, both are \$(\d+\.\d\d)", PAGE.prose)
    assert said == [(f"{alone_in_all:.2f}", f"{both_in_all:.2f}")]
