//! aos_product_categories and aos_products

use super::{BEAN, Sink, Table, Type, Value, bean, currency_value};
use crate::demo::catalog::goods::{CATEGORIES as KINDS, GROUPS};
use crate::demo::error::DemoError;
use crate::demo::id::{Id, IdKind};
use crate::demo::time::Stamp;
use crate::demo::world::{ADMIN, Life, World};

/// Groups and, below them, categories.
pub(crate) static CATEGORIES: Table = Table {
    name: "aos_product_categories",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("is_parent", Type::Flag),
            ("parent_category_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["parent_category_id"]],
    rows: categories,
};

/// Products.
pub(crate) static PRODUCTS: Table = Table {
    name: "aos_products",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("maincode", Type::Varchar(100)),
            ("part_number", Type::Varchar(25)),
            ("category", Type::Varchar(100)),
            ("type", Type::Varchar(100)),
            ("cost", Type::Decimal(26, 6)),
            ("cost_usdollar", Type::Decimal(26, 6)),
            ("currency_id", Type::Id),
            ("price", Type::Decimal(26, 6)),
            ("price_usdollar", Type::Decimal(26, 6)),
            ("aos_product_category_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["aos_product_category_id"]],
    rows: products,
};

/// Numbers of groups and categories begin above those of products.
const FIRST_GROUP: u64 = 1_000_000;
const FIRST_CATEGORY: u64 = 2_000_000;

fn categories(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    let id = |number| Id::of(backdrop.params.seed, IdKind::Product, number);
    let life = Life::from(backdrop.staff.users[ADMIN].life.entered);
    let mut put = |id: Id, name: &'static str, parent: Option<Id>| {
        let mut row = bean(backdrop, id, &life, (ADMIN, life.entered, at), 4);
        row.extend([
            Value::text("1"),
            name.into(),
            parent.is_none().into(),
            Value::or_null(parent, Value::Id),
        ]);
        sink.row(&row)
    };
    for (number, group) in (FIRST_GROUP..).zip(GROUPS) {
        put(id(number), group, None)?;
        for (index, kind) in (FIRST_CATEGORY..).zip(&KINDS) {
            if kind.group == group {
                put(id(index), kind.name, Some(id(number)))?;
            }
        }
    }
    Ok(())
}

fn products(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    let items = backdrop.products.items.iter();
    for product in items.filter(|product| product.entered <= at) {
        let life = Life::from(product.entered);
        let modified = life.modified(at, [product.price.changed(at)]);
        let kind = &KINDS[product.category];
        let price = *product.price.at(at);
        let category = FIRST_CATEGORY + product.category as u64;
        let mut row = bean(backdrop, product.id, &life, (ADMIN, modified, at), 12);
        row.extend([
            Value::text("1"),
            Value::text(&product.name),
            Value::text("XXXX"),
            Value::text(&product.part_number),
            Value::text(kind.name),
            Value::text(if kind.is_service { "Service" } else { "Good" }),
            Value::Cents(product.cost),
            Value::Cents(product.cost),
            currency_value(backdrop, None),
            Value::Cents(price),
            Value::Cents(price),
            Id::of(backdrop.params.seed, IdKind::Product, category).into(),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}
