select d.year, d.month, count(*) as lines, sum(f.revenue) as revenue
from fact_sales_line f join dim_date d on d.date_key = f.order_date_key
where not f.deleted_at_source and d.year = 2026
group by d.year, d.month order by d.year, d.month
