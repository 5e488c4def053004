select c.rating, p.product_group, count(*) as lines, sum(f.revenue) as revenue, count(distinct c.customer_durable_key) as customers
from fact_sales_line f
join dim_customer c on c.customer_key = f.customer_key
join dim_product p on p.product_key = f.product_key
where not f.deleted_at_source and c.customer_key > 0 and p.product_key > 0
  and c.valid_from_basis <> 'not_yet_arrived' and p.valid_from_basis <> 'not_yet_arrived'
group by c.rating, p.product_group
