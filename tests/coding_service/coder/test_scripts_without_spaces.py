"""Chinese, Japanese and Thai, where no space says where a word ends."""

import json

import pytest

from coding_service.coder.model import TrainedModel
from tests.support.coding_service.topic_folders import SETTINGS
from training.fit.train import train
from training.topic.files import read_topic

CODES = """\
code,label,parent
1,Health,
11,Nurse,1
12,Doctor,1
13,Carer,1
2,Transport,
21,Truck driver,2
22,Taxi driver,2
23,Bus driver,2
3,Food,
31,Cook,3
32,Waiter,3
33,Baker,3
4,Knowledge,
41,Teacher,4
42,Programmer,4
43,Accountant,4
"""
EXAMPLES = {
    "11": (
        "看護師 病院の看護師 准看護師 訪問看護師 护士 医院护士 注册护士 急诊护士 พยาบาล "
        "พยาบาลวิชาชีพ พยาบาลโรงพยาบาล"
    ),
    "12": (
        "医師 内科医 外科医 開業医 医生 主治医生 外科医生 家庭医生 แพทย์ แพทย์ทั่วไป หมอ หมอโรงพยาบาล"
    ),
    "13": (
        "介護士 介護職員 訪問介護員 老人ホームの介護 护工 养老院护工 护理员 ผู้ดูแลผู้สูงอายุ ดูแลคนชรา"
    ),
    "21": (
        "トラック運転手 大型トラックの運転 長距離トラック運転手 货车司机 卡车司机 "
        "重型货车司机 คนขับรถบรรทุก ขับรถบรรทุก"
    ),
    "22": (
        "タクシー運転手 個人タクシーの運転 タクシー乗務員 出租车司机 的士司机 "
        "网约出租车司机 คนขับแท็กซี่ ขับรถแท็กซี่"
    ),
    "23": (
        "バス運転手 路線バスの運転士 観光バス運転手 公交车司机 巴士司机 校车司机 "
        "คนขับรถเมล์ ขับรถโดยสารประจำทาง"
    ),
    "31": (
        "調理師 料理人 和食の調理人 ホテルの調理師 厨师 餐厅厨师 中餐厨师 酒店厨师 "
        "พ่อครัว แม่ครัว ทำอาหารในร้าน"
    ),
    "32": (
        "ウェイター ウェイトレス ホールスタッフ 服务员 餐厅服务员 酒店服务员 พนักงานเสิร์ฟ เด็กเสิร์ฟ"
    ),
    "33": ("パン職人 パン屋の職人 パン製造 面包师 烘焙师 面包店烘焙师 คนทำขนมปัง ช่างทำขนมปัง"),
    "41": (
        "教師 小学校教師 中学校の教師 高校教師 教师 小学教师 中学老师 幼儿园老师 ครู "
        "ครูโรงเรียนประถม ครูสอนหนังสือ"
    ),
    "42": (
        "プログラマー ソフトウェア開発者 システムエンジニア 程序员 软件工程师 软件开发 "
        "โปรแกรมเมอร์ นักพัฒนาซอฟต์แวร์"
    ),
    "43": "会計士 経理担当 公認会計士 会计 会计师 财务会计 นักบัญชี พนักงานบัญชี สมุห์บัญชี",
}
UNSEEN = {
    "小児科の看護師": "11",
    "手術室看護師です": "11",
    "儿科护士": "11",
    "社区医院护士": "11",
    "พยาบาลห้องผ่าตัด": "11",
    "眼科の開業医": "12",
    "牙科医生": "12",
    "หมอเด็ก": "12",
    "特養の介護職員": "13",
    "夜勤の介護士": "13",
    "医院护工": "13",
    "運送会社のトラック運転手": "21",
    "长途货车司机": "21",
    "คนขับรถบรรทุกน้ำมัน": "21",
    "夜間タクシー運転手": "22",
    "夜班出租车司机": "22",
    "คนขับแท็กซี่สนามบิน": "22",
    "高速バス運転手": "23",
    "旅游巴士司机": "23",
    "学校給食の調理師": "31",
    "学校食堂厨师": "31",
    "แม่ครัวโรงเรียน": "31",
    "喫茶店のウェイトレス": "32",
    "咖啡店服务员": "32",
    "พนักงานเสิร์ฟในร้านอาหาร": "32",
    "ホテルのパン職人": "33",
    "西点面包师": "33",
    "数学の高校教師": "41",
    "数学教师": "41",
    "ครูสอนภาษาอังกฤษ": "41",
    "ゲームのプログラマー": "42",
    "游戏软件开发": "42",
    "นักพัฒนาซอฟต์แวร์เกม": "42",
    "税務の会計士": "43",
    "公司会计": "43",
    "พนักงานบัญชีอาวุโส": "43",
}


@pytest.fixture(scope="module")
def unspaced(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    folder = tmp_path_factory.mktemp("unspaced")
    (folder / "topic.yaml").write_text(SETTINGS.replace("0.7\n", "0.6\n"), encoding="utf-8")
    (folder / "codes.csv").write_text(CODES, encoding="utf-8")
    examples = [
        {"occp_text": title, "tasks_text": "", "code": code}
        for code, titles in EXAMPLES.items()
        for title in titles.split()
    ]
    lines = "\n".join(json.dumps(each) for each in examples)
    (folder / "examples.jsonl").write_text(lines, encoding="utf-8")
    return TrainedModel.of(train(read_topic(folder)))


def should_code_titles_that_no_example_has(unspaced: TrainedModel) -> None:
    codings = unspaced.code([{"occp_text": title} for title in UNSEEN])

    asserted = [
        (coding.result.category, code)
        for coding, code in zip(codings, UNSEEN.values(), strict=True)
        if coding.result is not None
    ]
    assert len(asserted) >= 0.9 * len(UNSEEN)
    right = sum(code.startswith(category) for category, code in asserted)
    assert right >= 0.95 * len(asserted)


def should_suggest_both_when_two_occupations_are_named(unspaced: TrainedModel) -> None:
    [coding] = unspaced.code([{"occp_text": "病院の看護師、路線バスの運転手"}])

    assert coding.result is None
    assert {each.category for each in coding.suggestions[:2]} == {"11", "23"}


def should_find_nothing_to_code_in_latin_letters(unspaced: TrainedModel) -> None:
    [coding] = unspaced.code([{"occp_text": "nurse"}])

    assert (coding.result, coding.suggestions) == (None, ())


def should_read_the_beginning_of_a_text_with_more_runs_than_there_is_room_for(
    unspaced: TrainedModel,
) -> None:
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 2_000)))

    alone = unspaced.code([{"occp_text": long}])
    beside = unspaced.code([{"occp_text": each} for each in (long[::-1], "医師", long)])

    assert beside[2] == alone[0]
    assert beside[1] == unspaced.code([{"occp_text": "医師"}])[0]
