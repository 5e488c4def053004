//! What queries are planned as: the skeleton of the plan, so that a change of plan is seen.

use planisphere_olap::Caller;
use planisphere_olap::query::{CubeQuery, parse_top};

use crate::shop::{filters, query, shop};

/// The nodes of the optimised logical plan that matter: joins, aggregates, sorts, scans with their columns.
async fn skeleton(query: &CubeQuery) -> Vec<String> {
    let explained = shop().explain(&Caller::default(), query).await.unwrap();
    let nodes = explained
        .logical_plan
        .lines()
        .map(str::trim)
        .filter_map(|line| {
            let (node, rest) = line.split_once(':')?;
            match node {
                "TableScan" => Some(rest.trim().to_owned()),
                "Inner Join" | "LeftSemi Join" | "Left Join" | "Aggregate" | "WindowAggr" => {
                    Some(node.to_owned())
                }
                _ => None,
            }
        });
    nodes.collect()
}

#[tokio::test]
async fn a_sliced_pivot_joins_filtered_dimensions_first_and_only_needed_columns() {
    let pivot = CubeQuery {
        filters: filters(["order_date.calendar.month from 2024/1/1 to 2024/2/4"]),
        ..query("net_amount", "product.category | customer.segment")
    };
    assert_eq!(
        skeleton(&pivot).await,
        [
            "Left Join",
            "Aggregate",
            "Inner Join",
            "Inner Join",
            "Inner Join",
            "fact_sales projection=[order_date_key, customer_key, product_key, net_amount, \
             deleted_at_source]",
            "dim_date projection=[date_key, year, quarter, month]",
            "dim_customer projection=[customer_key, segment, valid_from_basis]",
            "dim_product projection=[product_key, category, valid_from_basis]",
            // The names and the order of the categories.
            "Aggregate",
            "dim_product projection=[product_key, category, category_name, category_sort, \
             valid_from, valid_from_basis, is_current]",
        ]
    );
}

#[tokio::test]
async fn counting_members_without_versions_joins_nothing() {
    assert_eq!(
        skeleton(&query("products, lines", "")).await,
        [
            "Aggregate",
            "fact_sales projection=[product_key, deleted_at_source]"
        ]
    );
}

#[tokio::test]
async fn subtotals_group_what_the_finest_groups_keep() {
    let mut totals = query(
        "net_amount, customers",
        "product.category | order_date.calendar.year",
    );
    for axis in &mut totals.axes {
        axis.subtotals = planisphere_olap::query::Subtotals::All;
    }
    let skeleton = skeleton(&totals).await;
    let aggregates = skeleton.iter().take_while(|node| *node != "Inner Join");
    assert_eq!(aggregates.filter(|node| *node == "Aggregate").count(), 2);
    let scans = skeleton
        .iter()
        .filter(|node| node.starts_with("fact_sales"));
    assert_eq!(scans.count(), 1);
}

#[tokio::test]
async fn a_ranking_is_a_semi_join_and_as_is_goes_by_the_durable_key() {
    let mut totals = CubeQuery {
        history: "as_is".parse().unwrap(),
        tops: vec![parse_top("2 customer.geography.customer by net_amount").unwrap()],
        ..query("median_amount", "customer.segment")
    };
    totals.axes[0].subtotals = planisphere_olap::query::Subtotals::All;
    assert_eq!(
        skeleton(&totals).await,
        [
            "Aggregate",
            "Aggregate",
            "LeftSemi Join",
            "Inner Join",
            "fact_sales projection=[customer_key, net_amount, deleted_at_source]",
            "Left Join",
            "dim_customer projection=[customer_key, customer_durable_key]",
            "dim_customer projection=[customer_key, customer_durable_key, customer_id, segment, \
             country, valid_from_basis, is_current]",
            "Aggregate",
            "Inner Join",
            "fact_sales projection=[customer_key, net_amount, deleted_at_source]",
            "Left Join",
            "dim_customer projection=[customer_key, customer_durable_key]",
            "dim_customer projection=[customer_key, customer_durable_key, customer_id, country, \
             valid_from_basis, is_current]",
        ]
    );
    let explained = shop().explain(&Caller::default(), &totals).await.unwrap();
    assert_eq!(
        explained.resolved,
        "cube sales over fact_sales\nmembers as is\n\
         axis 0: customer.segment.segment with subtotals\n\
         measure median_amount decimal(38,10) = Median of net_amount\n\
         needs net_amount decimal(38,4) = Sum of net_amount\n\
         top 2 of customer.geography.customer by net_amount\n"
    );
}
