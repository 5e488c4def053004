//! Cubes and members as clients see them.

use planisphere_olap::query::MemberPath;
use planisphere_olap::{Caller, MembersPage, MembersQuery};
use planisphere_schemas::model::DataType;

use crate::shop::{check, query, shop};

async fn list(level: &str, change: impl FnOnce(&mut MembersQuery)) -> MembersPage {
    let mut members = MembersQuery {
        cube: "sales".into(),
        level: Some(level.parse().unwrap()),
        ..MembersQuery::default()
    };
    change(&mut members);
    shop()
        .list_members(&Caller::default(), &members)
        .await
        .unwrap()
}

fn texts(page: &MembersPage) -> Vec<String> {
    page.members
        .iter()
        .map(|member| format!("{} {}", member.path, member.caption))
        .collect()
}

const SPECIAL: [&str; 4] = [
    "@not_given (not given)",
    "@not_applicable (not applicable)",
    "@invalid_code (invalid code)",
    "@not_yet_arrived (not yet arrived)",
];

#[tokio::test]
async fn members_are_listed_in_order_special_ones_last() {
    let page = list("product.category", |_| {}).await;
    let expected: Vec<&str> = ["H Zu Hause", "W Writing"]
        .into_iter()
        .chain(SPECIAL)
        .collect();
    assert_eq!(texts(&page), expected);
    assert_eq!(page.level.to_string(), "product.product.category");
    assert_eq!(page.warehouse_version, 7);
}

#[tokio::test]
async fn deleted_members_are_left_out_unless_asked_for() {
    let keys = |page: &MembersPage| -> Vec<String> {
        texts(page)
            .into_iter()
            .filter(|text| !text.starts_with('@'))
            .collect()
    };
    let live = list("customer.customer", |_| {}).await;
    assert_eq!(keys(&live), ["CN/C1 Ann Wu", "DE/C2 Bob", "DE/C4 Dora"]);
    let all = list("customer.customer", |it| it.include_deleted = true).await;
    assert_eq!(
        keys(&all),
        ["CN/C1 Ann Wu", "CN/C3 陈", "DE/C2 Bob", "DE/C4 Dora"]
    );
    assert!(all.members.iter().any(|member| member.deleted));
}

#[tokio::test]
async fn members_below_a_parent_and_by_search() {
    let below = list("customer.customer", |it| {
        it.parent = Some(MemberPath::from("DE"))
    })
    .await;
    assert_eq!(texts(&below), ["DE/C2 Bob", "DE/C4 Dora"]);
    let found = list("customer.customer", |it| it.search = Some("ORA".into())).await;
    assert_eq!(texts(&found), ["DE/C4 Dora"]);
    let chinese = list("product.category", |it| {
        it.search = Some("家".into());
        it.locale = "zh".into();
    });
    assert_eq!(texts(&chinese.await), ["H 家居"]);
    let special = list("product.category", |it| it.search = Some("不适用".into())).await;
    assert_eq!(texts(&special), [SPECIAL[1]]);
}

#[tokio::test]
async fn history_decides_which_values_are_listed() {
    let segments = |page: MembersPage| texts(&page)[..page.members.len() - 4].to_vec();
    assert_eq!(
        segments(list("customer.segment", |_| {}).await),
        ["A A", "B B"]
    );
    let early = list("customer.segment", |it| {
        it.history = "as_of 2024-01-31".parse().unwrap()
    });
    assert_eq!(segments(early.await), ["A A", "B B"]);
}

#[tokio::test]
async fn members_come_in_pages() {
    let mut token = None;
    let mut sizes = Vec::new();
    let mut first = Vec::new();
    loop {
        let page = list("order_date.calendar.month", |it| {
            it.page_size = Some(7);
            it.page_token = token.take();
        });
        let page = page.await;
        sizes.push(page.members.len());
        first.push(texts(&page)[0].clone());
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    // 13 months and 4 special members.
    assert_eq!(sizes, [7, 7, 3]);
    assert_eq!(first[..2], ["2023/4/12 December", "2024/3/7 July"]);
}

#[tokio::test]
async fn a_cube_describes_itself() {
    let service = shop();
    let cubes = service.list_cubes(&Caller::default(), None).await.unwrap();
    let named = |name: &str| cubes.cubes.iter().find(|it| it.name == name).unwrap();
    assert_eq!(named("sales").caption.zh, "销售");
    let across = named("customers");
    assert_eq!(
        (across.grain.en.as_str(), across.grain.zh.as_str()),
        (
            "across calls, paid, sales, visits",
            "跨 calls、paid、sales、visits"
        )
    );
    let cube = service
        .describe_cube(&Caller::default(), "sales", None)
        .await
        .unwrap()
        .cube;
    let names: Vec<&str> = cube.dimensions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        ["order_date", "ship_date", "customer", "product", "document"]
    );
    let geography = cube.dimensions[2].hierarchy("geography").unwrap();
    assert_eq!(geography.levels[0].caption.zh, "国家");
    let amount = cube
        .measures
        .iter()
        .find(|it| it.name == "net_amount")
        .unwrap();
    assert_eq!(amount.data_type, DataType::Decimal(38, 4));
    assert!(
        cube.measures.iter().all(|it| it.name != "bulk_amount"),
        "hidden"
    );
}

#[tokio::test]
async fn indicators_and_units_are_told() {
    let cube = shop()
        .describe_cube(&Caller::default(), "visits", None)
        .await
        .unwrap()
        .cube;
    assert_eq!(cube.kpis.len(), 1);
    let measures: Vec<_> = cube.kpis[0].measures().collect();
    assert_eq!(
        measures,
        [
            ("value", "average_minutes"),
            ("target", "wanted_minutes"),
            ("status", "minutes_status")
        ]
    );
    let minutes = cube.measures.iter().find(|it| it.name == "minutes");
    assert_eq!(minutes.unwrap().unit.as_ref().unwrap().zh, "分钟");
}

#[test]
fn what_an_indicator_consists_of_are_measures_like_others() {
    let query = planisphere_olap::query::CubeQuery {
        cube: "visits".into(),
        ..query(
            "average_minutes, wanted_minutes, minutes_status",
            "customer.segment",
        )
    };
    check(
        &query,
        &[
            "A | 10.0000000000 | 15.0000000000 | -1.0000000000",
            "B | 25.0000000000 | 15.0000000000 | 1.0000000000",
            "(not given) | 5.0000000000 | 15.0000000000 | -1.0000000000",
        ],
    );
}
