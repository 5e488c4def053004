//! Drill-down, roll-up, drill-through.

use planisphere_olap::query::{
    Condition, CubeQuery, MemberRef, Subtotals, parse_filter, parse_top,
};
use planisphere_olap::{Caller, DetailQuery, DrillDown, RollUp};
use planisphere_schemas::ErrorKind;

use crate::shop::{answer, filters, lines, query, shop};

fn member(text: &str) -> MemberRef {
    let filter = parse_filter(text).unwrap();
    let Condition::In(mut paths) = filter.condition else {
        unreachable!("a member is named")
    };
    MemberRef {
        level: filter.level,
        path: paths.pop().unwrap(),
    }
}

async fn down(query: &CubeQuery, of: &str, to: Option<&str>) -> CubeQuery {
    let drill = DrillDown {
        query: query.clone(),
        axis: None,
        member: member(of),
        to: to.map(str::to_owned),
    };
    shop()
        .drill_down(&Caller::default(), &drill)
        .await
        .unwrap()
        .0
}

async fn up(query: &CubeQuery, dimension: &str) -> CubeQuery {
    let roll = RollUp {
        query: query.clone(),
        dimension: dimension.into(),
        hierarchy: None,
    };
    shop().roll_up(&Caller::default(), &roll).await.unwrap().0
}

async fn rows(query: &CubeQuery) -> Vec<String> {
    answer(&shop(), query).await.unwrap()
}

#[tokio::test]
async fn drilling_down_shows_the_children_of_a_member() {
    let years = query("net_amount", "order_date.calendar.year | customer.segment");
    let quarters = down(&years, "order_date.calendar.year = 2024", None).await;
    assert_eq!(
        rows(&quarters).await,
        [
            "2024 | Q1 | A | 15.5000",
            "2024 | Q1 | (not given) | 7.0000",
            "2024 | Q2 | B | 23.2500",
            "2024 | Q2 | (not given) | 20.2500",
        ]
    );
    let months = down(&years, "order_date.calendar.year = 2024", Some("month")).await;
    assert_eq!(rows(&months).await.len(), 4);
    let deeper = down(&quarters, "order_date.calendar.quarter = 2024/2", None).await;
    assert_eq!(
        rows(&deeper).await,
        [
            "2024 | 2 | April | B | 23.2500",
            "2024 | 2 | April | (not given) | 20.2500"
        ]
    );
}

#[tokio::test]
async fn rolling_up_takes_back_what_drilling_down_did() {
    let mut years = query("net_amount", "order_date.calendar.year");
    years.filters = filters(["customer.segment = A", "order_date.calendar.year = 2024"]);
    let quarters = down(&years, "order_date.calendar.year = 2024", None).await;
    let months = down(&quarters, "order_date.calendar.quarter = 2024/1", None).await;
    assert_eq!(up(&months, "order_date").await, quarters);
    assert_eq!(up(&quarters, "order_date").await, years);
    let skipping = down(&years, "order_date.calendar.year = 2024", Some("month")).await;
    assert_eq!(up(&skipping, "order_date").await, years);
    let total = up(&years, "order_date").await;
    assert_eq!(rows(&total).await, ["15.5000"]);
}

#[tokio::test]
async fn drilling_where_nothing_is_finer_is_a_fault_with_a_way_out() {
    let customers = query("lines", "customer.customer");
    let drill = DrillDown {
        query: customers,
        axis: None,
        member: member("customer.geography.customer = CN/C1"),
        to: None,
    };
    let error = shop()
        .drill_down(&Caller::default(), &drill)
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error
            .to_string()
            .contains("finest of hierarchy 'geography'"),
        "{error}"
    );
    assert!(error.to_string().contains("drill through"), "{error}");
}

async fn through(query: CubeQuery, cell: &[&str]) -> (Vec<String>, u64, Vec<String>) {
    let cell = cell.iter().map(|text| member(text)).collect();
    let detail = DetailQuery {
        query,
        cell,
        ..DetailQuery::default()
    };
    let result = shop()
        .drill_through(&Caller::default(), &detail)
        .await
        .unwrap();
    let totals = result
        .totals
        .iter()
        .map(|total| total.value.clone().unwrap_or("∅".into()));
    let (totals, rows) = (totals.collect(), result.total_rows);
    let (_, batches) = result.page.collect().await.unwrap();
    (lines(&batches), rows, totals)
}

#[tokio::test]
async fn the_rows_of_a_cell_sum_to_the_cell() {
    let mut pivot = query(
        "net_amount, quantity, customers",
        "order_date.calendar.year | product.category",
    );
    pivot.filters = filters(["customer.segment in A, B"]);
    let cell = [
        "order_date.calendar.year = 2024",
        "product.product.category = W",
    ];
    let (rows, count, totals) = through(pivot.clone(), &cell).await;
    assert_eq!(
        rows,
        [
            "O1 | 2024-01-10 | Ann Lee | W | 2 | 10.0000",
            "O2 | 2024-01-20 | Bob | W | 1 | 5.5000",
            "O3 | 2024-04-05 | Ann Wu | W | 3 | 15.0000",
            "O4 | 2024-04-06 | Dora | W | 2 | 8.2500",
        ]
    );
    assert_eq!(count, 4);
    assert_eq!(totals, ["38.7500", "8", "3"]);
    let cells = answer(&shop(), &pivot).await.unwrap();
    assert!(
        cells.contains(&"2024 | Writing | 38.7500 | 8 | 3".to_owned()),
        "{cells:?}"
    );
}

#[tokio::test]
async fn the_cell_of_a_ranking_is_within_the_ranking() {
    let best = CubeQuery {
        tops: vec![parse_top("1 by lines").unwrap()],
        ..query("lines", "product.category")
    };
    let (rows, count, _) = through(best.clone(), &["order_date.calendar.year = 2023"]).await;
    assert_eq!((rows.len(), count), (0, 0));
    let (_, count, totals) = through(best, &["customer.segment.segment = @not_given"]).await;
    assert_eq!((count, totals), (1, vec!["1".to_owned()]));
}

#[tokio::test]
async fn detail_comes_in_pages() {
    let mut detail = DetailQuery {
        query: query("lines", ""),
        limit: Some(3),
        ..Default::default()
    };
    let mut seen = Vec::new();
    loop {
        let result = shop()
            .drill_through(&Caller::default(), &detail)
            .await
            .unwrap();
        assert_eq!(result.total_rows, 7);
        let (header, batches) = result.page.collect().await.unwrap();
        seen.push(lines(&batches).len());
        detail.page_token = header.next_page_token;
        if detail.page_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, [3, 3, 1]);
}

#[tokio::test]
async fn answers_of_drills_come_in_pages_of_their_own() {
    let mut query = query("net_amount", "product.category, product.product");
    query.limit = Some(1);
    let service = shop();
    let mut seen = Vec::new();
    loop {
        let roll = RollUp {
            query: query.clone(),
            dimension: "product".into(),
            hierarchy: None,
        };
        let (_, result) = service.roll_up(&Caller::default(), &roll).await.unwrap();
        let (header, batches) = result.collect().await.unwrap();
        seen.extend(lines(&batches));
        query.page_token = header.next_page_token;
        if query.page_token.is_none() {
            break;
        }
        assert!(seen.len() < 3, "{seen:?}");
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    // the token of the page that shows the member is none of the answer
    let first = CubeQuery {
        page_token: None,
        ..query.clone()
    };
    let shown = service.query(&Caller::default(), &first).await;
    let token = shown.unwrap().header.next_page_token;
    assert!(token.is_some());
    let roll = RollUp {
        query: CubeQuery {
            page_token: token,
            ..query.clone()
        },
        dimension: "product".into(),
        hierarchy: None,
    };
    let (_, result) = service.roll_up(&Caller::default(), &roll).await.unwrap();
    let (_, batches) = result.collect().await.unwrap();
    assert_eq!(lines(&batches), seen[..1]);
    let mut foreign = roll.clone();
    foreign.query.measures = vec!["quantity".into()];
    assert!(service.roll_up(&Caller::default(), &foreign).await.is_err());
}

#[tokio::test]
async fn chosen_totals_keep_what_is_left_of_their_levels() {
    let mut asked = query(
        "lines",
        "order_date.calendar.year, customer.segment, product.category",
    );
    asked.axes[0].subtotals = Subtotals::Keeping([0, 1, 2].into());
    let without_years = up(&asked, "order_date").await;
    let kept = Subtotals::Keeping([0, 1].into());
    assert_eq!(without_years.axes[0].subtotals, kept);
    assert_eq!(
        rows(&without_years).await,
        [
            "A | Zu Hause | 1",
            "A | Writing | 2",
            "A | Total | 3",
            "B | Writing | 2",
            "B | Total | 2",
            "(not given) | Zu Hause | 1",
            "(not given) | Writing | 1",
            "(not given) | Total | 2",
            "Total | Total | 7",
        ]
    );
    assert_eq!(up(&asked, "customer").await.axes[0].subtotals, kept);
    asked.axes[0].subtotals = Subtotals::Keeping([1].into());
    let nothing_left = up(&asked, "order_date").await.axes[0].subtotals.clone();
    assert_eq!(nothing_left, Subtotals::Keeping([].into()));
}
