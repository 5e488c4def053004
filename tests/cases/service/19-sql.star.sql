select c.rating, f.priority, count(*) as cases, sum(f.minutes_to_close) as minutes_to_close
from fact_case f
join dim_customer w on w.customer_key = f.customer_key
join dim_customer c on c.customer_durable_key = w.customer_durable_key and c.is_current
where not f.deleted_at_source and c.customer_key > 0 and c.valid_from_basis <> 'not_yet_arrived'
group by c.rating, f.priority
