//! What an answer tells of members beside their keys and names.

use planisphere_olap::query::{AttributeRef, CubeQuery, History};

use crate::shop::{check, fault, query};

fn told(mut query: CubeQuery, attributes: &[&str]) -> CubeQuery {
    let attributes = attributes.iter().map(|text| text.parse::<AttributeRef>());
    query.attributes = attributes.map(Result::unwrap).collect();
    query
}

#[test]
fn members_tell_what_holds_now_whatever_their_facts_belong_to() {
    let asked = told(
        query("lines", "customer.geography.customer"),
        &[
            "customer.geography.customer.segment",
            "customer.customer.country",
        ],
    );
    check(
        &asked,
        &[
            "CN | Ann Wu | B | CN | 2",
            "CN | 陈 | ∅ | CN | 1",
            "DE | Bob | A | DE | 2",
            "DE | Dora | B | DE | 1",
            "∅ | (not given) | ∅ | ∅ | 1",
        ],
    );
    let before = CubeQuery {
        history: History::AsOf("2024-01-15".parse().unwrap()),
        ..asked
    };
    check(
        &before,
        &[
            "CN | Ann Lee | A | CN | 2",
            "CN | 陈 | ∅ | CN | 1",
            "DE | Dora | B | DE | 1",
            "∅ | (not given) | ∅ | ∅ | 1",
            "∅ | (not applicable) | ∅ | ∅ | 2",
        ],
    );
}

#[test]
fn totals_and_special_members_tell_nothing() {
    let mut asked = told(
        query(
            "lines",
            "product.product.category, order_date.calendar.year",
        ),
        &["product.category.category_zh"],
    );
    asked.axes[0] = asked.axes[0].clone().with_subtotals();
    check(
        &asked,
        &[
            "Zu Hause | 家居 | 2023 | 1",
            "Zu Hause | 家居 | 2024 | 1",
            "Zu Hause | 家居 | Total | 2",
            "Writing | 文具 | 2024 | 5",
            "Writing | 文具 | Total | 5",
            "Total | ∅ | Total | 7",
        ],
    );
}

#[test]
fn attributes_are_of_levels_that_are_shown() {
    let of = |attribute: &str| {
        let asked = told(query("lines", "product.product.category"), &[attribute]);
        fault(&asked).to_string()
    };
    let unknown = of("product.product.category.category_sort");
    assert!(unknown.contains("category_zh"), "{unknown}");
    let hidden = of("product.product.product.name");
    assert!(hidden.contains("stands on no axis"), "{hidden}");
    let level = of("product.product.categry.name");
    assert!(level.contains("did you mean 'category'"), "{level}");
    let twice = [
        "product.category.category_zh",
        "product.product.category.category_zh",
    ];
    let twice = told(query("lines", "product.product.category"), &twice);
    let twice = fault(&twice).to_string();
    assert!(twice.contains("asked twice"), "{twice}");
}
