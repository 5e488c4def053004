//! Questions to cubes that name what is not there, asked of the warehouse and of a server.

use anyhow::Result;
use planisphere_tests::lab::Lab;

#[test]
fn unknown_names_are_told_together_with_the_nearest_ones() -> Result<()> {
    let lab = Lab::loaded()?;
    let flags = [
        "query",
        "--cube",
        "sales",
        "--measures",
        "revenu,orderz",
        "--rows",
        "customer.segmant.segment,order_date.calendar.yaer,custmer.segment.segment,weather.a",
    ];
    let expected = [
        "measures[0]: unknown measure 'revenu' (did you mean 'revenue'?)",
        "measures[1]: unknown measure 'orderz' (did you mean 'orders'?)",
        "axes[0].levels[0]: unknown hierarchy of dimension 'customer' 'segmant' (did you mean 'segment'?)",
        "axes[0].levels[1]: unknown level 'yaer' (did you mean 'year'?)",
        "axes[0].levels[2]: unknown dimension 'custmer' (did you mean 'customer'?)",
        "axes[0].levels[3]: unknown dimension 'weather' (known: order_date, customer, product, status)",
    ];
    lab.olap(&flags)?.refused(3, &expected)?;
    let server = lab.serve()?;
    server.olap(&flags)?.refused(3, &expected)?;
    Ok(())
}

#[test]
fn an_unknown_cube_or_member_is_told_with_the_nearest_one() -> Result<()> {
    let lab = Lab::loaded()?;
    let said = lab.olap(&["query", "--cube", "sale", "--measures", "revenue"])?;
    said.refused(3, &["unknown cube 'sale' (did you mean 'sales'?)"])?;
    let condition = "customer.segment.segment = smal";
    let said = lab.olap(&[
        "query",
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--where",
        condition,
    ])?;
    let expected =
        "unknown member 'smal' of level 'customer.segment.segment' (did you mean 'small'?)";
    said.refused(3, &["filters[0]", expected])?;
    lab.olap(&["describe", "sale"])?
        .refused(3, &["did you mean 'sales'?"])?;
    let said = lab.olap(&["members", "sales", "customer.segment.segmnt"])?;
    said.refused(3, &["unknown level 'segmnt' (did you mean 'segment'?)"])?;
    Ok(())
}

#[test]
fn a_malformed_question_is_told_with_its_place() -> Result<()> {
    let lab = Lab::loaded()?;
    lab.write(
        "q.yaml",
        "cube: sales\nmeasure: [revenue]\nrows: [customer.segment.segment\n",
    )?;
    let file = lab.path("q.yaml").display().to_string();
    lab.olap(&["query", &file])?
        .refused(2, &["q.yaml:", "not valid YAML"])?;
    lab.write(
        "q.yaml",
        "cube: sales\nmeasure: [revenue]\nrows: [customer]\n",
    )?;
    let said = lab.olap(&["query", &file])?;
    said.refused(
        2,
        &[
            "q.yaml:2:1: unknown field",
            "(did you mean 'measures'?)",
            "q.yaml:3:8",
        ],
    )?;
    let said = lab.olap(&["query", "--cube", "sales"])?;
    said.refused(2, &["which measures? give --measures"])?;
    let flags = [
        "query",
        "--cube",
        "sales",
        "--measures",
        "revenue",
        "--where",
        "status",
    ];
    lab.olap(&flags)?.refused(2, &["status"])?;
    lab.olap(&["query", "--cube", "sales", "--colour", "red"])?
        .refused(2, &["--colour"])?;
    Ok(())
}
