//! aos_quotes, aos_invoices and aos_products_quotes, the lines of both

use super::{BEAN, Column, Sink, Table, Type, Value, bean, currency_value, user_value};
use crate::demo::catalog::place::Place;
use crate::demo::dirt::Dirt;
use crate::demo::error::DemoError;
use crate::demo::id::Id;
use crate::demo::time::Stamp;
use crate::demo::world::{DateField, Document, Life, Line, Stray, World, usdollar_micros};

const AMOUNT: Type = Type::Decimal(26, 6);

/// The columns that quotes and invoices share.
const DOCUMENT: &[Column] = &[
    ("assigned_user_id", Type::Id),
    ("name", Type::Varchar(255)),
    ("number", Type::Int),
    ("billing_account_id", Type::Id),
    ("billing_contact_id", Type::Id),
    ("billing_address_city", Type::Varchar(100)),
    ("billing_address_state", Type::Varchar(100)),
    ("billing_address_country", Type::Varchar(255)),
    ("currency_id", Type::Id),
    ("total_amt", AMOUNT),
    ("total_amt_usdollar", AMOUNT),
    ("discount_amount", AMOUNT),
    ("discount_amount_usdollar", AMOUNT),
    ("subtotal_amount", AMOUNT),
    ("subtotal_amount_usdollar", AMOUNT),
    ("tax_amount", AMOUNT),
    ("tax_amount_usdollar", AMOUNT),
    ("shipping_amount", AMOUNT),
    ("shipping_amount_usdollar", AMOUNT),
    ("total_amount", AMOUNT),
    ("total_amount_usdollar", AMOUNT),
];

/// Quotes.
pub(crate) static QUOTES: Table = Table {
    name: "aos_quotes",
    columns: &[
        BEAN,
        DOCUMENT,
        &[
            ("opportunity_id", Type::Id),
            ("expiration", Type::Date),
            ("stage", Type::Varchar(100)),
            ("approval_status", Type::Varchar(100)),
            ("invoice_status", Type::Varchar(100)),
        ],
    ],
    key: 1,
    indexes: &[&["number"], &["opportunity_id"], &["billing_account_id"]],
    rows: quotes,
};

/// Invoices and credit notes.
pub(crate) static INVOICES: Table = Table {
    name: "aos_invoices",
    columns: &[
        BEAN,
        DOCUMENT,
        &[
            ("quote_number", Type::Int),
            ("quote_date", Type::Date),
            ("invoice_date", Type::Date),
            ("due_date", Type::Date),
            ("status", Type::Varchar(100)),
        ],
    ],
    key: 1,
    indexes: &[&["number"], &["quote_number"], &["billing_account_id"]],
    rows: invoices,
};

/// Lines of quotes and of invoices.
pub(crate) static LINES: Table = Table {
    name: "aos_products_quotes",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Text),
            ("currency_id", Type::Id),
            ("part_number", Type::Varchar(255)),
            ("item_description", Type::Text),
            ("number", Type::Int),
            ("product_qty", Type::Decimal(18, 4)),
            ("product_cost_price", AMOUNT),
            ("product_cost_price_usdollar", AMOUNT),
            ("product_list_price", AMOUNT),
            ("product_list_price_usdollar", AMOUNT),
            ("product_discount", AMOUNT),
            ("product_discount_amount", AMOUNT),
            ("product_discount_amount_usdollar", AMOUNT),
            ("discount", Type::Varchar(255)),
            ("product_unit_price", AMOUNT),
            ("product_unit_price_usdollar", AMOUNT),
            ("vat_amt", AMOUNT),
            ("vat_amt_usdollar", AMOUNT),
            ("product_total_price", AMOUNT),
            ("product_total_price_usdollar", AMOUNT),
            ("vat", Type::Varchar(100)),
            ("parent_type", Type::Varchar(100)),
            ("parent_id", Type::Id),
            ("product_id", Type::Id),
            ("group_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["parent_id", "parent_type", "deleted"], &["product_id"]],
    rows: lines,
};

/// An amount and its twin in US dollars.
fn twins<'v>(cents: i64, currency: Option<usize>) -> [Value<'v>; 2] {
    [
        Value::Cents(cents),
        Value::Micros(usdollar_micros(cents, currency)),
    ]
}

fn quotes(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let all = world.rows.quotes.iter();
    for quote in all.filter(|quote| quote.document.life.is_visible(at)) {
        let invoiced = quote.invoiced.filter(|invoiced| *invoiced <= at);
        let modified = quote
            .document
            .modified(at)
            .max(invoiced.unwrap_or_default());
        let mut row = document(world, &quote.document, "Quote", (modified, at));
        row.extend([
            quote.opportunity.into(),
            Value::Day(quote.expires),
            (*quote.document.status.at(at)).into(),
            Value::text("Approved"),
            Value::text(if invoiced.is_some() {
                "Invoiced"
            } else {
                "Not Invoiced"
            }),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn invoices(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let all = world.rows.invoices.iter();
    for invoice in all.filter(|invoice| invoice.document.life.is_visible(at)) {
        let status = *invoice.document.status.at(at);
        let is_impossible = |date| matches!(date, DateField::Impossible(_));
        sink.count_if(invoice.has_wrong_account, Dirt::InvoiceAccountOrphan);
        sink.count_if(is_impossible(invoice.date), Dirt::InvoiceDateImpossible);
        sink.count_if(is_impossible(invoice.due), Dirt::DueDateImpossible);
        sink.count_if(status == "Part Paid?", Dirt::InvoiceStatusUnknown);
        sink.count_if(invoice.document.life.is_removed(at), Dirt::InvoiceDeleted);
        let quote = invoice.quote.map(|row| &world.rows.quotes[row].document);
        let modified = invoice.document.modified(at);
        let mut row = document(world, &invoice.document, "Invoice", (modified, at));
        row.extend([
            Value::or_null(quote, |quote| Value::Int(quote.number)),
            Value::or_null(quote, |quote| Value::Day(quote.life.entered.day())),
            Value::date(invoice.date),
            Value::date(invoice.due),
            status.into(),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

/// The values of [`BEAN`] and [`DOCUMENT`]; amounts are the sums of the lines that count.
fn document<'w>(
    world: &'w World,
    document: &Document,
    title: &str,
    (modified, at): (Stamp, Stamp),
) -> Vec<Value<'w>> {
    let backdrop = &world.backdrop;
    let sum = |part: fn(&Line) -> i64| document.live_lines(at).map(part).sum::<i64>();
    let (subtotal, tax) = (sum(|line| line.total), sum(|line| line.tax));
    let list = sum(|line| line.halves * line.list / 2);
    let mut row = bean(
        backdrop,
        document.id,
        &document.life,
        (document.user, modified, at),
        26,
    );
    row.extend([
        user_value(backdrop, document.user),
        Value::owned(format!("{title} {}", document.number)),
        Value::Int(document.number),
        (*document.account.at(at)).into(),
        document.contact.into(),
        document.place.city.into(),
        document.place.state.into(),
        document.place.country.into(),
        currency_value(backdrop, document.currency),
    ]);
    for amount in [list, list - subtotal, subtotal, tax, 0, subtotal + tax] {
        row.extend(twins(amount, document.currency));
    }
    row
}

/// What a line needs to know of the document that it stands in.
struct Frame {
    parent_type: &'static str,
    parent: Id,
    life: Life,
    user: usize,
    currency: Option<usize>,
    place: &'static Place,
}

fn lines(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let quotes = world
        .rows
        .quotes
        .iter()
        .map(|quote| ("AOS_Quotes", &quote.document));
    let invoices = world
        .rows
        .invoices
        .iter()
        .map(|invoice| ("AOS_Invoices", &invoice.document));
    for (parent_type, document) in quotes.chain(invoices) {
        if !document.life.is_visible(at) {
            continue;
        }
        let frame = Frame {
            parent_type,
            parent: document.id,
            life: document.life,
            user: document.user,
            currency: document.currency,
            place: document.place,
        };
        for (number, line) in (1..).zip(&document.lines) {
            if line.is_visible(at) {
                put_line(world, sink, (&frame, number, line), at)?;
            }
        }
    }
    for stray in world.rows.strays.iter().filter(|stray| stray.entered <= at) {
        sink.count_if(true, Dirt::LineInvoiceOrphan);
        put_line(world, sink, (&stray_frame(stray), 1, &stray.line), at)?;
    }
    Ok(())
}

fn stray_frame(stray: &Stray) -> Frame {
    Frame {
        parent_type: "AOS_Invoices",
        parent: stray.invoice,
        life: Life::from(stray.entered),
        user: stray.user,
        currency: stray.currency,
        place: stray.place,
    }
}

fn put_line(
    world: &World,
    sink: &mut Sink<'_>,
    (frame, number, line): (&Frame, i64, &Line),
    at: Stamp,
) -> Result<(), DemoError> {
    let backdrop = &world.backdrop;
    let product = &backdrop.products.items[line.product];
    let taken_off = line
        .removed
        .map(|(removed, _)| removed)
        .filter(|removed| *removed <= at);
    let life = Life {
        removed: taken_off.or(frame.life.removed),
        ..frame.life
    };
    sink.count_if(line.wrong_product.is_some(), Dirt::LineProductOrphan);
    sink.count_if(line.unit == 0, Dirt::LineZero);
    sink.count_if(line.halves < 0, Dirt::LineNegative);
    sink.count_if(life.is_removed(at), Dirt::LineDeleted);
    let own = (frame.user, life.modified(at, []), at);
    let mut row = bean(backdrop, line.id, &life, own, 26);
    row.extend([
        user_value(backdrop, frame.user),
        Value::text(&product.name),
        currency_value(backdrop, frame.currency),
        Value::text(&product.part_number),
        Value::Null,
        Value::Int(number),
        Value::Cents(line.halves * 50),
    ]);
    row.extend(twins(line.cost, frame.currency));
    row.extend(twins(line.list, frame.currency));
    row.push(Value::Int(line.discount));
    row.extend(twins(line.list - line.unit, frame.currency));
    row.push(Value::text("Percentage"));
    row.extend(twins(line.unit, frame.currency));
    row.extend(twins(line.tax, frame.currency));
    row.extend(twins(line.total, frame.currency));
    row.extend([
        Value::owned(tax_text(frame.place.tax_permille)),
        frame.parent_type.into(),
        frame.parent.into(),
        line.wrong_product.unwrap_or(product.id).into(),
        Value::Null,
    ]);
    sink.row(&row)
}

/// A tax rate in percent, as the list of rates has it.
fn tax_text(permille: i64) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}
