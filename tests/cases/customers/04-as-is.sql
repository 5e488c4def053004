-- en: As it is: revenue, opportunities and cases by the rating that customers have now
-- zh: 按现状：按客户当前评级的销售额、商机数与个案数
with facts as (
  select coalesce(no_customer, rating_now, '@not_given') as rating, revenue_e4, null as opportunity, null as complaint from sales
  union all select coalesce(no_customer, rating_now, '@not_given'), null, 1, null from opportunity
  union all select coalesce(no_customer, rating_now, '@not_given'), null, null, 1 from service_case)
select rating, sum(revenue_e4) as revenue__e4, sum(opportunity), sum(complaint) from facts group by 1
