"""Rules that items must keep among themselves: each would catch an error that registries have had.

Bytes against GiB, dense against sparse, integer rates stored as fp16, both ways stored as one, and
sizes that do not follow from shapes.
"""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from simcore import catalog
from simcore.catalog import Hardware, Item
from simcore.catalog.facts import Kind
from simcore.catalog.items import ROOT, item_from_file
from simcore.errors import CatalogueError, NotInCatalogue
from tests.simcore import shapes

MACHINES = catalog.names("hardware")
WIDE_TO_NARROW = ("fp64", "fp32", "tf32", "fp16", "fp8", "fp4")
HBM_MACHINES = [id_ for id_ in MACHINES if "hbm.stacks" in catalog.hardware(id_).item]


def every(category: str) -> Iterator[Item]:
    return (catalog.item(category, id_) for id_ in catalog.names(category))


def raw(category: str, id_: str) -> dict[str, object]:
    return tomllib.loads((ROOT / category / f"{id_}.toml").read_text())


# --- what every file keeps


def test_what_an_item_uses_exists_and_is_found_by_role() -> None:
    used = [(found, role) for category in catalog.categories()
            for found in every(category) for role in found.uses]  # fmt: skip

    assert len(used) > 60
    for found, role in used:
        assert found.used(role).id == found.uses[role].split("/")[1]
    with pytest.raises(NotInCatalogue, match="did you mean 'accelerator'"):
        catalog.item("nodes", "dgx-h100").used("accelerators")


def test_names_reach_through_what_an_item_uses() -> None:
    cluster = catalog.item("clusters", "meta-llama3-16k")

    assert cluster.value("fabric.bandwidth") == 50e9
    assert cluster.value("node.accelerators") == 8
    assert cluster["node.accelerator.power"].source.text
    assert "node.accelerator.peak.fp16" in cluster
    assert "node.accelerator.peak.fp17" not in cluster
    assert "node.accelerator.power" not in list(cluster), "its own numbers only"
    with pytest.raises(NotInCatalogue, match="hardware/h100-sxm named 'pover'; did you mean"):
        cluster.value("node.accelerator.pover")


def test_a_use_that_names_no_category_is_refused(tmp_path: Path) -> None:
    text = 'name = "A"\n[uses]\nmemory = "hbm3"\n'
    path = tmp_path / "machine.toml"
    path.write_text(text)

    with pytest.raises(CatalogueError, match=r"uses.memory is 'hbm3'; write 'category/id'"):
        item_from_file(path)


@pytest.mark.parametrize("category", catalog.categories())
def test_sources_are_used_dated_and_an_estimate_says_how_it_was_made(category: str) -> None:
    for found in every(category):
        used = {fact.source.text for fact in found.values()}
        for key, source in raw(category, found.id)["sources"].items():  # type: ignore[attr-defined]
            where = f"{category}/{found.id}: {key}"
            assert source["text"] in used, f"{where} is used by no number"
            assert len(source["text"]) > 15, f"{where} says too little"
            assert source.get("read", date(2026, 1, 1)) <= date(2026, 12, 31), where
            assert source["kind"] == "estimate" or "not read" not in source["text"], (
                f"{where}: what was not read is an estimate"
            )


def test_most_of_what_machines_are_compared_by_was_read_at_a_source() -> None:
    cloud = [catalog.hardware(i).item for i in MACHINES if "cloud" in catalog.hardware(i).item.tags]
    known_by = ("bandwidth", "capacity", "power")
    compared = [fact for found in cloud for name, fact in found.items()
                if name in known_by or name.startswith("peak.")]  # fmt: skip
    guessed = sum(fact.source.kind == Kind.ESTIMATE for fact in compared)

    assert guessed / len(compared) < 0.2


def test_machines_and_models_have_the_year_they_came_out() -> None:
    for category, first in (("hardware", 2009), ("models", 1988)):
        for found in every(category):
            assert found.year, f"{category}/{found.id}"
            assert first < found.year <= 2026, f"{category}/{found.id}"


# --- peaks


@pytest.mark.parametrize("id_", MACHINES)
def test_a_narrower_format_is_never_slower(id_: str) -> None:
    peaks = catalog.hardware(id_).peaks
    rates = [peaks[name] for name in WIDE_TO_NARROW if name in peaks]

    assert rates == sorted(rates)
    if "int8" in peaks and "fp16" in peaks:
        assert peaks["int8"] >= peaks["fp16"]


@pytest.mark.parametrize("id_", MACHINES)
def test_what_counts_sparsity_is_kept_apart_from_what_is_dense(id_: str) -> None:
    machine = catalog.hardware(id_)
    for precision, rate in machine.item.under("sparse").items():
        gain = rate / machine.peak(precision)
        note = machine.item[f"sparse.{precision}"].note
        assert "printed" in note, "the vendor's own figure"
        if "2:4" in note:
            assert gain == pytest.approx(2, rel=0.002)
        assert gain == pytest.approx(2, rel=0.03) or gain == pytest.approx(4, rel=0.05) or gain > 8


def test_a_printed_int8_rate_is_no_fp16_rate() -> None:
    for id_ in MACHINES:
        machine = catalog.hardware(id_)
        if {"mobile", "edge", "tiny"} & set(machine.item.tags) and {"int8", "fp16"} <= set(
            machine.peaks
        ):
            assert machine.peak("fp16") <= machine.peak("int8") / 2, id_


@pytest.mark.parametrize("id_", MACHINES)
def test_the_energy_of_an_operation_is_one_that_silicon_can_have(id_: str) -> None:
    machine = catalog.hardware(id_)
    assert machine.power is not None, "say what it draws"
    energy = machine.power / max(machine.peaks.values())

    low, high = 2e-14, 2e-10
    if {"tiny", "host", "phone", "edge"} & set(machine.item.tags):
        high = 2e-9
    if id_ == "arduino-uno-r3":  # multiplies 8 by 8 bit in two cycles and the rest in software
        high = 1e-6
    assert low < energy < high, f"{energy:.2e} J per operation"


# --- memory


@pytest.mark.parametrize("id_", HBM_MACHINES)
def test_stacks_of_memory_can_do_what_the_sheet_says(id_: str) -> None:
    machine = catalog.hardware(id_)
    stack, count = machine.item.used("memory"), machine.item.value("hbm.stacks")

    assert (
        0.5 < machine.bandwidth / count / stack.value("bandwidth") < 1.02
    )  # 1,555 GB/s on five stacks
    assert machine.capacity / count <= stack.value("capacity")


def test_a_gib_is_written_only_where_the_vendor_prints_one() -> None:
    for id_ in MACHINES:
        machine = catalog.hardware(id_)
        text = str(raw("hardware", id_)["capacity"]["value"])  # type: ignore[index, call-overload]
        if machine.capacity >= 1e9 and text.endswith("iB"):
            assert "GiB" in machine.item["capacity"].note, f"{id_}: {text}"


def test_a_driver_gives_what_the_vendor_prints_or_a_little_more() -> None:
    """Memories come in powers of two: what is sold as 80 GB is nearly 80 GiB."""
    for id_ in MACHINES:
        machine = catalog.hardware(id_)
        if "driver.capacity" in machine.item:
            assert 1 <= machine.item.value("driver.capacity") / machine.capacity < 1.0738


@pytest.mark.parametrize("id_", [i for i in MACHINES if catalog.hardware(i).capacity > 1e9])
def test_memory_is_read_through_in_a_time_that_memories_take(id_: str) -> None:
    machine = catalog.hardware(id_)
    seconds = machine.capacity / machine.bandwidth

    assert 1e-6 < seconds < 15
    if machine.bandwidth < 20e12 and "accelerator" in machine.item.tags:
        assert seconds > 3e-3, "more than any DRAM does"


# --- links, fabrics, nodes, clusters


def test_a_link_is_stored_one_way() -> None:
    for found in every("links"):
        if "both_ways.bandwidth" in found:
            assert found.value("both_ways.bandwidth") == pytest.approx(2 * found.value("bandwidth"))


@pytest.mark.parametrize(
    ("category", "generations"),
    [
        ("links", ("nvlink-2", "nvlink-3", "nvlink-4", "nvlink-5")),
        ("links", ("pcie-3-x16", "pcie-4-x16", "pcie-5-x16")),
        ("links", ("usb-2", "usb-3")),
        ("fabrics", ("infiniband-edr", "infiniband-hdr", "infiniband-ndr", "infiniband-xdr")),
        ("memories", ("hbm2", "hbm2e", "hbm3", "hbm3e")),
    ],
)
def test_each_generation_is_faster(category: str, generations: tuple[str, ...]) -> None:
    rates = [catalog.item(category, id_).value("bandwidth") for id_ in generations]

    assert rates == sorted(set(rates))


def test_what_links_and_fabrics_share_they_agree_on() -> None:
    for name in set(catalog.names("links")) & set(catalog.names("fabrics")):
        link, fabric = catalog.item("links", name), catalog.item("fabrics", name)
        assert link.value("bandwidth") == fabric.value("bandwidth"), name


def test_a_node_draws_what_its_accelerators_draw_and_no_multiple_of_it() -> None:
    for found in every("nodes"):
        machine = catalog.hardware(found.used("accelerator").id)
        accelerators = found.value("accelerators") * (machine.power or 0)
        assert 1 <= found.value("power") / accelerators < 2.2, found.id


def test_a_rack_of_72_is_72_of_its_gpus() -> None:
    rack, chip = catalog.hardware("gb200-nvl72"), catalog.hardware("gb200")

    assert rack.bandwidth == pytest.approx(72 * chip.bandwidth)
    assert rack.capacity == pytest.approx(72 * chip.capacity, rel=0.005)
    for precision in rack.peaks:
        assert rack.peak(precision) == pytest.approx(72 * chip.peak(precision)), precision


def test_a_cluster_has_the_accelerators_of_its_nodes() -> None:
    for found in every("clusters"):
        if "node" in found.uses:
            per_node = found.used("node").value("accelerators")
            assert found.value("accelerators") == found.value("nodes") * per_node, found.id


def test_a_switch_moves_what_its_ports_carry() -> None:
    for found in every("switches"):
        total = found.value("ports") * found.value("port.bandwidth")
        assert found.value("switching.bandwidth") == pytest.approx(total), found.id


# --- sites, prices, storage, failures


def test_grids_lie_between_wind_and_coal_and_the_clean_are_the_known_ones() -> None:
    gram = {g.id: g.value("carbon_intensity") * 3.6e6 * 1e3 for g in every("grids")}

    assert all(5 < value < 1000 for value in gram.values())
    assert {id_ for id_, value in gram.items() if value < 60} == {
        "france", "iceland", "norway", "quebec", "sweden"}  # fmt: skip
    assert max(gram, key=lambda id_: gram[id_]) == "coal-heavy"


def test_facilities_add_overhead_and_data_centres_name_grid_and_facility() -> None:
    for found in every("facilities"):
        assert 1 < found.value("pue") < 2.5
    for found in every("data_centres"):
        assert found.used("grid").category == "grids"
        assert found.used("facility").category == "facilities"


def test_a_bought_accelerator_is_paid_back_in_hours_that_make_sense() -> None:
    for bought, rented in (("h100-sxm", "h100-hour"), ("a100-sxm-80gb", "a100-hour"),
                           ("b200", "b200-hour"), ("t4", "t4-hour")):  # fmt: skip
        price = catalog.item("prices", bought).value("price")
        rent = catalog.item("prices", rented).value("rent") * 3600
        assert 2000 < price / rent < 20_000, bought


def test_striped_drives_are_the_sum_of_their_drives() -> None:
    striped = [found for found in every("storage") if "drives" in found]

    assert len(striped) == 3
    for found in striped:
        drive, count = found.used("drive"), found.value("drives")
        for fact in ("bandwidth", "capacity"):
            assert found.value(fact) == pytest.approx(count * drive.value(fact)), found.id


def test_a_part_of_a_node_lasts_longer_than_the_node() -> None:
    hours = {f.id: f.value("time_to_failure") / 3600 for f in every("reliability")
             if "time_to_failure" in f}  # fmt: skip

    assert hours["gpu-llama3"] > hours["node-llama3"] > hours["gpu-llama3"] / 16
    assert hours["gpu-llama3"] == pytest.approx(16384 * 54 * 24 / 268, rel=0.01)
    assert all(500 < value < 5e6 for value in hours.values())


# --- models


@pytest.mark.parametrize("id_", sorted(shapes.NETWORKS))
def test_a_networks_counts_follow_from_its_layers(id_: str) -> None:
    counted, found = shapes.NETWORKS[id_](), catalog.item("models", id_)

    assert found.value("parameters") == counted.parameters
    assert found.value("macs.total") == counted.macs


@pytest.mark.parametrize("found", [*every("models")], ids=lambda m: m.id)
def test_a_models_numbers_fit_each_other(found: Item) -> None:
    parameters = found.value("parameters")
    parts = {k: v for k, v in found.under("macs").items() if k != "total"}
    if parts:
        assert sum(parts.values()) == found.value("macs.total")
    if "macs.total" in found:
        assert found.value("macs.total") > 0.7 * parameters, "each weight is used"
    if "active_parameters" in found:
        assert found.value("active_parameters") < parameters
    if "weights" in found:
        assert 1 <= found.value("weights") / parameters < 1.4
    if {"heads", "head_width", "hidden"} <= set(found) and "kv_width" not in found:
        width = found.value("heads") * found.value("head_width")
        assert width == found.value("hidden") or found.id == "palm-540b"


@pytest.mark.parametrize(
    "found",
    [m for m in every("models") if {"kv_heads", "feed_forward", "vocabulary"} <= set(m)
     and "experts_per_token" not in m and m.id not in ("palm-540b", "gpt-j-6b")],
    ids=lambda m: m.id,
)  # fmt: skip
def test_a_language_models_size_follows_from_its_shape(found: Item) -> None:
    assert found.value("parameters") == pytest.approx(shapes.gated_transformer(found), rel=1e-6)


def test_hardware_view_and_item_agree() -> None:
    machine: Hardware = catalog.hardware("mi300x")

    assert machine.item.under("sparse")["fp16"] == 2614.9e12
    assert "sparse.fp16" not in machine.peaks


# --- peaks and powers against published measurements

MEASURED = {
    "NUCLEO-L4R5ZI": "nucleo-l4r5zi", "NUCLEO-U575ZI-Q": "nucleo-u575zi",
    "NUCLEO-H7A3ZI-Q": "nucleo-h7a3zi", "NUCLEO-H7A3ZI": "nucleo-h7a3zi",
    "nRF5340 DK": "nrf5340-dk", "Coral Dev Board": "coral-dev-board",
    "Coral USB Accelerator": "coral-usb",
}  # fmt: skip
"""Board as results name it: machine of the catalogue."""

NETWORKS = {"kws": "dscnn-kws", "vww": "mobilenet-v1-025-vww", "ic": "resnet8-ic",
            "ad": "fc-autoencoder-ad", "MobileNet v1": "mobilenet-v1",
            "MobileNet v2": "mobilenet-v2", "VGG16": "vgg16"}  # fmt: skip


def results() -> Iterator[tuple[Item, Hardware]]:
    for category in ("tiny_results", "edge_results"):
        for found in every(category):
            said = dict(tag.split(": ", 1) for tag in found.tags)
            if said.get("board") in MEASURED and "float" not in found.id:
                yield found, catalog.hardware(MEASURED[said["board"]])


def test_no_published_latency_beats_a_machines_peak() -> None:
    seen = 0
    for found, machine in results():
        for network, latency in found.under("latency").items():
            if network in NETWORKS:
                work = catalog.item("models", NETWORKS[network]).value("macs.total")
                assert 2 * work / latency < machine.peak("int8"), f"{found.id}: {network}"
                seen += 1

    assert seen > 60


def test_published_energy_over_latency_is_near_the_power_of_the_board() -> None:
    ratios = [energy / found.value(f"latency.{network}") / (machine.power or 0)
              for found, machine in results()
              for network, energy in found.under("energy").items()]  # fmt: skip

    assert len(ratios) > 20
    assert all(0.4 < ratio < 2.5 for ratio in ratios)
    assert 0.8 < sorted(ratios)[len(ratios) // 2] < 1.25


def test_an_image_network_loses_little_in_8_bits_and_agrees_with_its_model() -> None:
    networks = list(every("classifiers"))

    assert len(networks) >= 9
    for found in networks:
        loss = found.value("accuracy.fp32") - found.value("accuracy.int8")
        assert 0.5 < found.value("accuracy.int8") < 0.8
        assert -0.001 < loss < 0.03, found.id  # GoogLeNet gains half a tenth of a point
    for id_, model in (("resnet-18", "resnet-18"), ("resnet-50", "resnet-50-v1"),
                       ("mobilenet-v2", "mobilenet-v2")):  # fmt: skip
        same = catalog.item("models", model)
        own = catalog.item("classifiers", id_)
        assert own.value("parameters") == same.value("parameters")
        assert own.value("macs.total") == pytest.approx(same.value("macs.total"), rel=2e-3)
