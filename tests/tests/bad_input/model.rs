//! Model files: missing, malformed, or against the rules; all faults of all files at once.

use anyhow::Result;
use planisphere_tests::lab::Lab;

use super::spoiled;

const CUSTOMER: &str = "model/conformed/customer.yaml";
const PRODUCT: &str = "model/conformed/product.yaml";
const SALE: &str = "model/stars/sale.yaml";
const SALES: &str = "model/cubes/sales.yaml";
const SHOP: &str = "model/sources/shop.yaml";

#[test]
fn a_missing_model_is_named() -> Result<()> {
    let spoil = |lab: &Lab| Ok(std::fs::remove_dir_all(lab.path("model"))?);
    spoiled(
        spoil,
        3,
        &["model/model.yaml", "No such file", "check the path"],
    )
}

#[test]
fn malformed_files_are_told_together() -> Result<()> {
    let spoil = |lab: &Lab| {
        lab.replace("model/model.yaml", "model: shop", "model: [shop")?;
        lab.replace(
            CUSTOMER,
            "city: {type: text, scd: 1",
            "city: {type: txt, scd: 7",
        )?;
        lab.replace(SALE, "kind: transaction", "kind: transactional")?;
        lab.replace(SALE, "grain:", "grian:")
    };
    let expected = [
        "model/model.yaml:3:8: not valid YAML",
        "model/conformed/customer.yaml:8:16: unknown type 'txt' (types: text, integer",
        "model/conformed/customer.yaml:8:26: unknown value of 'scd' '7' (known: 0, 1, 2, 3, 4, 6)",
        "model/stars/sale.yaml:1:1: a star file lacks 'grain'",
        "model/stars/sale.yaml:4:1: unknown field of a star file 'grian' (did you mean 'grain'?)",
        "model/stars/sale.yaml:5:7: unknown value of 'kind' 'transactional' (did you mean 'transaction'?)",
    ];
    spoiled(spoil, 2, &expected)
}

#[test]
fn broken_rules_are_told_together_each_with_its_place_and_the_nearest_name() -> Result<()> {
    let spoil = |lab: &Lab| {
        lab.replace(CUSTOMER, "entity: customer", "entity: custmer")?;
        lab.replace(PRODUCT, "key: category,", "key: categry,")?;
        lab.replace(SALE, ", as_of: ordered_at", "")?;
        lab.replace(SALE, "  product: {column", "  prodct: {column")?;
        lab.replace(SHOP, "city: c.city", "city: c.citty")?;
        lab.replace(SHOP, "name: c.name", "name: c.name +")?;
        lab.replace(SHOP, "draft: o.status", "draft: x.status")?;
        lab.replace(SALES, "of: revenue", "of: revnue")?;
        lab.replace(
            SALES,
            "expression: revenue / quantity",
            "expression: average_price + quanttity",
        )?;
        lab.replace(SALES, "customer.name", "customer.nme")
    };
    let expected = [
        "model/conformed/customer.yaml:4:9: unknown entity 'custmer' (did you mean 'customer'?)",
        "model/conformed/product.yaml:13:23: unknown attribute 'categry' (did you mean 'category'?)",
        "model/stars/sale.yaml:10:3: role 'customer' lacks 'as_of': dimension 'customer' keeps history",
        "model/stars/sale.yaml:11:3: unknown dimension 'prodct' (did you mean 'product'?)",
        "model/sources/shop.yaml:63:7: 'c.name +' is not a SQL expression",
        "model/sources/shop.yaml:64:7: unknown column of 'c' 'citty' (did you mean 'city'?)",
        "model/sources/shop.yaml:90:7: unknown alias 'x'",
        "model/cubes/sales.yaml:10:32: unknown measure of the fact 'revnue' (did you mean 'revenue'?)",
        "model/cubes/sales.yaml:13:31: unknown measure of the cube 'quanttity' (did you mean 'quantity'?)",
        "model/cubes/sales.yaml:13:3: measure 'average_price' is calculated from itself",
        "model/cubes/sales.yaml:14:34: unknown attribute 'nme' (did you mean 'name'?)",
    ];
    spoiled(spoil, 2, &expected)
}

#[test]
fn defaults_and_sets_begin_with_levels_of_the_cube() -> Result<()> {
    let spoil = |lab: &Lab| {
        let sets = "defaults: [order_date.day = 2024-01-01, buyer.rating = A]\nsets:\n  good: {of: [customer.rating.ratng in A, customer.plce.city = X]}\n";
        let cube = std::fs::read_to_string(lab.path(SALES))?;
        lab.write(SALES, format!("{cube}{sets}"))
    };
    let several = "level 'day' stands in several hierarchies: write one of order_date.calendar.day, order_date.fiscal.day, order_date.iso_week.day";
    let several = format!("model/cubes/sales.yaml:15:12: {several}");
    let expected = [
        several.as_str(),
        "model/cubes/sales.yaml:15:41: unknown dimension of the cube 'buyer' (known: order_date, customer, product, status)",
        "model/cubes/sales.yaml:17:15: unknown hierarchy 'rating' (known: segment)",
        "model/cubes/sales.yaml:17:43: unknown hierarchy 'plce' (known: segment)",
    ];
    spoiled(spoil, 2, &expected)
}

#[test]
fn what_only_the_engine_knows_is_told_together_with_its_places_before_anything_is_read()
-> Result<()> {
    let spoil = |lab: &Lab| -> Result<()> {
        lab.replace(SHOP, "name: c.name", "name: uper(c.name)")?;
        lab.replace(SHOP, "rating: c.rating", "rating: frobnicate(c.rating)")?;
        lab.replace(SHOP, "deleted: c.deleted", "deleted: c.city")?;
        lab.replace(SHOP, "modified: o.date_modified", "modified: o.status")?;
        lab.replace(SHOP, "draft: o.status = 'draft'", "draft: o.status")?;
        lab.replace(SHOP, "money(o.price * r.rate)", "money(o.status)")?;
        lab.replace(
            SHOP,
            "entities:",
            "views: {busy: select sum(name) as x from products}\n\nentities:",
        )?;
        // nothing is asked of the source
        Ok(std::fs::remove_file(lab.path("shop.db"))?)
    };
    let expected = [
        "model/sources/shop.yaml:58:9: view 'busy' cannot be planned: No function matches the given name and argument types 'sum(Utf8)'",
        "model/sources/shop.yaml:65:7: 'uper(c.name)' cannot be planned: Invalid function 'uper'",
        "model/sources/shop.yaml:68:7: 'frobnicate(c.rating)' cannot be planned: Invalid function 'frobnicate'",
        "model/sources/shop.yaml:69:14: 'c.city' is text, not true or false",
        "money() takes a decimal, not Utf8",
        "model/sources/shop.yaml:92:7: 'o.status' is text, not true or false",
        "model/sources/shop.yaml:96:15: 'o.status' is text, not a date or an instant",
    ];
    let lab = Lab::loaded()?;
    spoil(&lab)?;
    lab.etl(&["plan"])?.refused(2, &expected)?;
    lab.load()?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn columns_that_cannot_become_what_is_declared_are_told_with_their_places() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(CUSTOMER, "city: {type: text", "city: {type: date")?;
    lab.replace(SHOP, "city: c.city", "city: c.deleted")?;
    lab.replace(SHOP, "ordered_at: o.ordered_at", "ordered_at: o.status")?;
    let expected = [
        "model/conformed/customer.yaml:8:3: column 'city' of entity 'customer' is boolean, which cannot become date",
        "model/stars/sale.yaml:9:3: column 'ordered_at' of entity 'sale' is text, not a date or an instant",
        "model/stars/sale.yaml:10:3: column 'ordered_at' of entity 'sale' is text, not a date or an instant",
    ];
    lab.etl(&["plan"])?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn a_key_that_shall_become_null_or_clamped_is_refused_with_its_place() -> Result<()> {
    for invalid in ["null", "clamp"] {
        let spoil = |lab: &Lab| {
            let key =
                format!("id: {{type: text, invalid: {invalid}}}\n      name: text\n      category");
            lab.replace(SHOP, "id: text\n      name: text\n      category", &key)
        };
        let expected = "model/sources/shop.yaml:34:7: 'id' is of the key: a row whose key does not fit is rejected";
        spoiled(spoil, 2, &[expected])?;
    }
    Ok(())
}

#[test]
fn a_join_that_cannot_be_planned_is_told_with_its_place() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(
        SHOP,
        "on: r.currency = o.currency",
        "on: frobnicate(r.currency) = o.currency",
    )?;
    let expected =
        ["model/sources/shop.yaml:80:27: 'frobnicate(r.currency) = o.currency' cannot be planned"];
    lab.etl(&["plan"])?.refused(2, &expected)?;
    Ok(())
}

#[test]
fn what_depends_on_native_columns_is_named_and_the_rest_is_checked() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(SHOP, "city: text", "city: native")?;
    let said = lab.etl(&["plan"])?.done()?;
    let note = "not checked yet: 'city' of entity 'customer'\n";
    assert!(said.out.contains(note), "{}", said.out);
    lab.replace(SHOP, "name: c.name", "name: uper(c.name)")?;
    lab.etl(&["plan"])?
        .refused(2, &["Invalid function 'uper'"])?;
    Ok(())
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_fault() -> Result<()> {
    let spoil = |lab: &Lab| {
        lab.write("model/stars/other.yaml", b"planisphere: 1\n# \xff\n")?;
        std::fs::create_dir(lab.path("model/cubes/folder.yaml"))?;
        lab.replace(CUSTOMER, "entity: customer", "entity: custmer")
    };
    let expected = [
        "model/stars/other.yaml: the file cannot be read: stream did not contain valid UTF-8",
        "model/cubes/folder.yaml: the file cannot be read: Is a directory",
        "model/conformed/customer.yaml:4:9: unknown entity 'custmer'",
    ];
    spoiled(spoil, 2, &expected)
}

#[test]
fn a_file_of_another_language_is_refused() -> Result<()> {
    let spoil = |lab: &Lab| lab.replace(PRODUCT, "planisphere: 1", "planisphere: 2");
    let expected = [
        "model/conformed/product.yaml:1:14: this program reads version 1 of the model language, the file says 'planisphere: 2'",
    ];
    spoiled(spoil, 2, &expected)
}

/// The faults that `plan` tells, one a line, without the folder before them.
fn faults(lab: &Lab) -> Result<Vec<String>> {
    let said = lab.etl(&["plan"])?.refused(2, &[])?;
    let lines = said
        .err
        .lines()
        .filter_map(|line| line.split_once("/model/"));
    Ok(lines.map(|(_, fault)| fault.to_owned()).collect())
}

#[test]
fn a_file_that_cannot_be_parsed_makes_no_faults_elsewhere() -> Result<()> {
    for (file, old) in [
        (CUSTOMER, "key: customer_id\n"),
        (SALE, "kind: "),
        (SHOP, "caption: "),
    ] {
        let lab = Lab::shop()?;
        lab.replace(file, old, &format!("]{old}"))?;
        let faults = faults(&lab)?;
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].contains("not valid YAML"), "{faults:#?}");
    }
    Ok(())
}

#[test]
fn what_is_declared_twice_is_told_once_with_its_place() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(
        CUSTOMER,
        "  rating: {type: text",
        "  name: {type: text, scd: 1}\n  rating: {type: text",
    )?;
    assert_eq!(
        faults(&lab)?,
        ["conformed/customer.yaml:10:3: 'name' is given twice"]
    );

    let lab = Lab::shop()?;
    let text = std::fs::read_to_string(lab.path(CUSTOMER))?;
    lab.write("model/conformed/zz.yaml", text)?;
    lab.replace(SALE, "  product: {column", "  weather: {column")?;
    let faults = faults(&lab)?;
    let roles = faults
        .iter()
        .filter(|fault| fault.contains("role of the star"));
    assert_eq!((faults.len(), roles.count()), (4, 2), "{faults:#?}");
    assert!(
        faults[0]
            .starts_with("conformed/zz.yaml:1:1: dimension 'customer' is already declared in ")
    );
    let known = "unknown dimension 'weather' (known: customer, date, product)";
    assert!(faults[3].contains(known), "{faults:#?}");
    Ok(())
}

#[test]
fn an_unknown_time_zone_is_told_where_it_stands() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(
        SHOP,
        "source: shop\n",
        "source: shop\ntime_zone: Europe/Atlantis\n",
    )?;
    lab.write(
        "model/model.yaml",
        "planisphere: 1\nmodel: shop\ntime_zone: Mars/Base\n",
    )?;
    let expected = [
        "model.yaml:3:12: unknown time zone 'Mars/Base'; use an IANA name",
        "sources/shop.yaml:3:12: unknown time zone 'Europe/Atlantis'; use an IANA name",
    ];
    assert_eq!(faults(&lab)?, expected);
    Ok(())
}

#[test]
fn a_name_that_a_file_lacks_is_told_once_and_not_sought() -> Result<()> {
    for (file, line, expected) in [
        (CUSTOMER, "entity: customer\n", "lacks 'entity'"),
        (CUSTOMER, "key: customer_id\n", "lacks 'key'"),
        (SALE, "entity: sale\n", "lacks 'entity'"),
        (SALES, "star: sale\n", "lacks 'star'"),
    ] {
        let empty = line.split_once(' ').map(|(key, _)| format!("{key} ''\n"));
        for now in [String::new(), empty.unwrap_or_default()] {
            let lab = Lab::shop()?;
            lab.replace(file, &format!("\n{line}"), &format!("\n{now}"))?;
            let faults = faults(&lab)?;
            assert_eq!(faults.len(), 1, "{faults:#?}");
            assert!(faults[0].contains(expected), "{faults:#?}");
        }
    }
    Ok(())
}

#[test]
fn a_column_that_stands_twice_in_a_key_is_refused() -> Result<()> {
    let lab = Lab::shop()?;
    lab.replace(SALE, "key: [order_id]", "key: [order_id, order_id]")?;
    let expected = "stars/sale.yaml:7:7: column 'order_id' stands twice in the key";
    lab.etl(&["plan"])?.refused(2, &[expected])?;
    Ok(())
}
