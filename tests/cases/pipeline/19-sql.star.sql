select e.department, d.fiscal_year, count(*) as opportunities, sum(f.weighted_amount) as weighted_amount
from fact_opportunity f
join dim_date d on d.date_key = f.created_date_key
join dim_employee e on e.employee_key = f.employee_key
where not f.deleted_at_source and e.employee_key > 0 and e.valid_from_basis <> 'not_yet_arrived'
group by e.department, d.fiscal_year
